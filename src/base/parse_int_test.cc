// SPDX-License-Identifier: Apache-2.0
#include "base/parse_int.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace stapsh {
namespace {

TEST(ParseInt, TakesWholeNumbersInRange) {
  EXPECT_EQ(*parse_int<std::uint64_t>("32000000", 0, 32'000'000), 32'000'000u);
  EXPECT_EQ(*parse_int("0", 0, 10), 0);
  EXPECT_EQ(*parse_int("-3", -5, 10), -3);
}

TEST(ParseInt, RefusesEverythingElse) {
  // systemtap's agent takes 4294967299 for 3 and "5x" for 5.
  for (const std::string_view text : {"", "5x", "+5", " 5", "5 ", "0x5", "4294967299", "18446744073709551616", "-1"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_int<std::uint32_t>(text, 0, 4'000'000'000));
  }
  EXPECT_EQ(parse_int("11", 0, 10).error().what, "'11' is not a whole number from 0 to 10");
}

}  // namespace
}  // namespace stapsh
