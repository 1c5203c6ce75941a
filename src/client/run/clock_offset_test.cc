// SPDX-License-Identifier: Apache-2.0
#include "client/run/clock_offset.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ClockOffset, IsTheTrueOneWithinItsUncertainty) {
  const WallTime wall_at_zero = seconds(1'790'000'000);
  for (const WallTime truth : {WallTime(seconds(0)), WallTime(seconds(3'600)), WallTime(milliseconds(-250))}) {
    for (const int there : {0, 3, 10, 40}) {
      for (const int back : {0, 3, 10, 40}) {
        const TimePoint asked(seconds(7)), looked = asked + milliseconds(there), answered = looked + milliseconds(back);
        const ClockReading reading{wall_at_zero + looked.time_since_epoch() + truth, asked, answered};
        // It does not matter when it is reckoned.
        const TimePoint now = answered + seconds(5);
        const ClockOffset clock = clock_offset(reading, now, wall_at_zero + now.time_since_epoch());
        EXPECT_EQ(clock.uncertainty, milliseconds(there + back) / 2.0);
        EXPECT_LE(std::chrono::abs(clock.offset - truth), clock.uncertainty)
            << there << " ms there, " << back << " back";
        if (there == back) {
          EXPECT_EQ(clock.offset, truth);
        }
      }
    }
  }
}

}  // namespace
}  // namespace stapsh::client
