// SPDX-License-Identifier: Apache-2.0
#include "session/stop_ladder.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

using std::chrono::seconds;
using Rung = StopLadder::Rung;

TEST(StopLadder, EachRungLastsTheGraceTimeAndTheTopIsTheEnd) {
  StopLadder ladder(seconds(5));
  TimePoint now{};
  EXPECT_FALSE(ladder.due(now + seconds(1000)));
  ladder.start(Rung::kStopSignal, now);
  for (const Rung want : {Rung::kTerminate, Rung::kKill, Rung::kDiscard, Rung::kGiveUp}) {
    EXPECT_FALSE(ladder.due(now + seconds(4)));
    now += seconds(5);
    EXPECT_TRUE(ladder.due(now));
    EXPECT_TRUE(ladder.climb(now));
    EXPECT_EQ(ladder.rung(), want);
  }
  EXPECT_FALSE(ladder.climb(now));
}

TEST(StopLadder, ProgressEarnsANewGraceTime) {
  StopLadder ladder(seconds(5));
  const TimePoint start{};
  ladder.progress(start);
  EXPECT_FALSE(ladder.climbing());
  ladder.start(Rung::kStopSignal, start);
  ladder.progress(start + seconds(4));
  EXPECT_FALSE(ladder.due(start + seconds(8)));
  EXPECT_TRUE(ladder.due(start + seconds(9)));
  // A flood does not hold it for ever.
  for (int second = 5; second < 1'000; ++second) ladder.progress(start + seconds(second));
  EXPECT_EQ(ladder.escalate_at(), start + StopLadder::kProgressGracesMax * seconds(5));
  ladder.stand_down();
  EXPECT_FALSE(ladder.due(start + seconds(9)));
}

}  // namespace
}  // namespace stapsh
