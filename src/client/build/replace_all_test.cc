// SPDX-License-Identifier: Apache-2.0
#include "client/build/replace_all.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(ReplaceAll, LooksAtNothingTwice) {
  EXPECT_EQ(replace_all("a-b-", "-", "--"), "a--b--");
  EXPECT_EQ(replace_all("aaab", "aa", ""), "ab");
  EXPECT_EQ(replace_all("ab", "abc", "x"), "ab");
  EXPECT_EQ(replace_all("", "a", "x"), "");
  EXPECT_EQ(replace_all("ab", "", "x"), "ab");
}

}  // namespace
}  // namespace stapsh::client
