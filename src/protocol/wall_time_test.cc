// SPDX-License-Identifier: Apache-2.0
#include "protocol/wall_time.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

TEST(WallTime, IsReadAsItIsWritten) {
  for (const std::string_view text : {"0.000000000", "1.000000001", "1790000000.999999999", "9000000000.000000000"}) {
    const std::optional<WallTime> time = parse_wall_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_wall_time(*time), text);
  }
  EXPECT_EQ(parse_wall_time("1000000000000.000000000"), WallTime(9'000'000'000'000'000'000)) << "saturates";
}

TEST(WallTime, NothingElseIsATime) {
  for (const std::string_view text : {"", ".", "1", "1.5", "1.0000000000", "-1.000000000", "1.-00000001", "x.000000000",
                                      "1000000000001.000000000", "1 .000000000", "1.00000000 "}) {
    EXPECT_FALSE(parse_wall_time(text)) << text;
  }
}

}  // namespace
}  // namespace stapsh
