// SPDX-License-Identifier: Apache-2.0
#include "client/cli/option_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::ElementsAre;

TEST(OptionValue, ItsNameTellsWhatItIs) {
  EXPECT_EQ(describe_value("").kind, ValueKind::kNone);
  EXPECT_EQ(describe_value("N").kind, ValueKind::kOther);
  EXPECT_EQ(describe_value("N|N%").kind, ValueKind::kOther);
  EXPECT_EQ(describe_value("now|soon,fail=N").kind, ValueKind::kOther);
  EXPECT_EQ(describe_value("MB[,N]").kind, ValueKind::kOther);
  EXPECT_EQ(describe_value("FILE").kind, ValueKind::kFile);
  EXPECT_EQ(describe_value("DIR").kind, ValueKind::kFolder);
  EXPECT_EQ(describe_value("TARGET").kind, ValueKind::kTarget);
  EXPECT_THAT(describe_value("text|json").choices, ElementsAre("text", "json"));
  const OptionValue optional = describe_value("[=iso|delta]");
  EXPECT_TRUE(optional.may_be_left_out);
  EXPECT_EQ(optional.kind, ValueKind::kChoice);
  EXPECT_THAT(optional.choices, ElementsAre("iso", "delta"));
  EXPECT_THAT(describe_value("[=WHEN]").choices, ElementsAre("auto", "always", "never"));
}

}  // namespace
}  // namespace stapsh::client
