// SPDX-License-Identifier: Apache-2.0
#include "protocol/version.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

TEST(Version, ReadsTheFirstTwoNumbers) {
  EXPECT_EQ(parse_version("4.8"), (Version{4, 8}));
  EXPECT_EQ(parse_version("1.10/0.152"), (Version{1, 10}));
  EXPECT_EQ(parse_version("2"), (Version{2, 0}));
  EXPECT_EQ(parse_version("v5.6"), (Version{5, 6}));
  EXPECT_EQ(parse_version("release-5.0/0.190"), (Version{5, 0}));
  EXPECT_EQ(parse_version("x"), (Version{0, 0}));
  EXPECT_EQ(parse_version(""), (Version{0, 0}));
  EXPECT_GT(parse_version("99999999999.1"), kFirstReleased);
  EXPECT_LT(parse_version("1.4"), kFirstReleased);
  EXPECT_GT(parse_version("1.10"), kFirstWithRemote);  // Not a decimal fraction.
}

}  // namespace
}  // namespace stapsh
