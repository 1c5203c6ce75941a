// SPDX-License-Identifier: Apache-2.0
#include "client/answers/short_number.h"

#include <gtest/gtest.h>

#include <string>

namespace stapsh::client {
namespace {

std::optional<std::int64_t> number_of(std::string_view digits) {
  const std::string line = "{\"k\": " + std::string(digits);
  return read_short_number(std::string_view(line).substr(line.size() - digits.size()));
}

TEST(ShortNumber, IsReadAtOnce) {
  for (const std::int64_t number : {0, 1, 9, 10, 42, 907, 1234, 99999, 100000, 1234567, 98765432, 99999999}) {
    EXPECT_EQ(number_of(std::to_string(number)), number);
  }
}

TEST(ShortNumber, WhatIsNoneOfOneToEightDigitsIsLeft) {
  for (const std::string_view other : {"", "123456789", "-1", "+1", "1.5", "1e3", "12 ", " 12", "007", "00", "1/2",
                                       "3:4", "a", "nan", "12\x80", "1\xb0"}) {
    EXPECT_EQ(number_of(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace stapsh::client
