// SPDX-License-Identifier: Apache-2.0
#include "protocol/version.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

TEST(Version, ReadsTheFirstTwoNumbers) {
  EXPECT_EQ(parse_version("4.8"), (Version{4, 8}));
  EXPECT_EQ(parse_version("1.10/0.152"), (Version{1, 10}));
  EXPECT_EQ(parse_version("2"), (Version{2, 0}));
  EXPECT_EQ(parse_version("x"), (Version{0, 0}));
  EXPECT_LT(parse_version("1.4"), kFirstReleased);
  EXPECT_GT(parse_version("1.10"), kFirstWithRemote);  // Not a decimal fraction.
}

}  // namespace
}  // namespace stapsh
