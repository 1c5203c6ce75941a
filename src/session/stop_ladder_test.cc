// SPDX-License-Identifier: Apache-2.0
#include "session/stop_ladder.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

using std::chrono::seconds;
using Rung = StopLadder::Rung;

constexpr StopTimes kTimes{.grace = seconds(5), .limit = seconds(600)};

TEST(StopLadder, EachRungLastsTheGraceTimeAndTheTopIsTheEnd) {
  StopLadder ladder(kTimes);
  TimePoint now{};
  EXPECT_FALSE(ladder.due(now + seconds(1000)));
  ladder.begin(now);
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

TEST(StopLadder, OutputEarnsANewGraceTime) {
  StopLadder ladder(kTimes);
  const TimePoint start{};
  ladder.begin(start);
  ladder.note_output(1'000'000, start);
  EXPECT_FALSE(ladder.climbing());
  ladder.start(Rung::kStopSignal, start);
  ladder.note_output(1'000'000, start + seconds(4));
  EXPECT_FALSE(ladder.due(start + seconds(8)));
  EXPECT_TRUE(ladder.due(start + seconds(9)));
  // A flood does not hold it for ever: the last rungs fit into the limit.
  for (int second = 5; second < 1'000; ++second) ladder.note_output(1'000'000, start + seconds(second));
  EXPECT_EQ(ladder.escalate_at(), start + seconds(600 - 4 * 5));
  ladder.stand_down();
  EXPECT_FALSE(ladder.due(start + seconds(900)));
}

TEST(StopLadder, ATrickleEarnsAMinuteAndWhatItCarries) {
  StopLadder ladder(kTimes);
  const TimePoint start{};
  ladder.begin(start);
  ladder.start(Rung::kStopSignal, start);
  for (int second = 1; second < 500; ++second) ladder.note_output(10, start + seconds(second));
  EXPECT_EQ(ladder.escalate_at(), start + seconds(5 + 60 + 499 * 10 / 1'024));
  // Only what it earns counts: who worked for minutes still has the whole of it.
  StopLadder late(kTimes);
  late.begin(start);
  late.start(Rung::kStopSignal, start);
  for (int second = 1; second <= 300; ++second) (void)late.note_activity(Activity::kWorks, start + seconds(second));
  for (int second = 301; second <= 330; ++second) late.note_output(10, start + seconds(second));
  EXPECT_EQ(late.escalate_at(), start + seconds(330 + 5));
  // What comes at 1 KiB a second earns as much time as it takes.
  StopLadder steady(kTimes);
  steady.begin(start);
  steady.start(Rung::kStopSignal, start);
  for (int second = 1; second < 500; ++second) steady.note_output(1'024, start + seconds(second));
  EXPECT_EQ(steady.escalate_at(), start + seconds(499 + 5));
}

TEST(StopLadder, ARunnerAtWorkEarnsTimeAndOneThatIsHeldAMinute) {
  struct Case {
    Activity activity;
    seconds want;
  };
  for (const Case& c : {Case{Activity::kNone, seconds(5)}, Case{Activity::kWaits, seconds(5 + 60)},
                        Case{Activity::kWorks, seconds(580)}, Case{Activity::kTraces, seconds(580)}}) {
    StopLadder ladder(kTimes);
    const TimePoint start{};
    ladder.begin(start);
    ladder.start(Rung::kStopSignal, start);
    for (int second = 0; second < 1'000; ++second) (void)ladder.note_activity(c.activity, start + seconds(second));
    EXPECT_EQ(ladder.escalate_at(), start + c.want);
  }
}

TEST(StopLadder, WhoeverTracesOnIsToldAgainInEachGraceTime) {
  StopLadder ladder(kTimes);
  const TimePoint start{};
  ladder.begin(start);
  ladder.start(Rung::kStopSignal, start);
  EXPECT_FALSE(ladder.note_activity(Activity::kTraces, start + seconds(4)));
  EXPECT_FALSE(ladder.note_activity(Activity::kWorks, start + seconds(6)));
  EXPECT_TRUE(ladder.note_activity(Activity::kTraces, start + seconds(6)));
  EXPECT_FALSE(ladder.note_activity(Activity::kTraces, start + seconds(10)));
  EXPECT_TRUE(ladder.note_activity(Activity::kTraces, start + seconds(11)));
  EXPECT_EQ(ladder.rung(), Rung::kStopSignal);
  ladder.start(Rung::kKill, start + seconds(12));
  EXPECT_FALSE(ladder.note_activity(Activity::kTraces, start + seconds(30)));
}

TEST(StopLadder, WhoIsKilledMayBeHeldByTheKernelForAMinute) {
  StopLadder ladder(kTimes);
  const TimePoint start{};
  ladder.begin(start);
  ladder.hurry();
  ladder.start(Rung::kKill, start);
  for (int second = 0; second < 100; ++second) (void)ladder.note_activity(Activity::kWaits, start + seconds(second));
  EXPECT_EQ(ladder.escalate_at(), start + seconds(5 + 60));
}

TEST(StopLadder, WhoeverIsHurriedEarnsOnlyByOutput) {
  StopLadder ladder(kTimes);
  const TimePoint start{};
  ladder.begin(start);
  ladder.start(Rung::kStopSignal, start);
  ladder.hurry();
  EXPECT_FALSE(ladder.note_activity(Activity::kWorks, start + seconds(4)));
  EXPECT_EQ(ladder.escalate_at(), start + seconds(5));
  ladder.note_output(1, start + seconds(4));
  EXPECT_EQ(ladder.escalate_at(), start + seconds(9));
}

TEST(StopLadder, NothingTakesALadderPastItsLimit) {
  for (const seconds limit : {seconds(1), seconds(7), seconds(40), seconds(600)}) {
    for (const seconds grace : {seconds(1), seconds(5), seconds(60)}) {
      StopLadder ladder({.grace = grace, .limit = limit});
      const TimePoint start{};
      ladder.begin(start);
      ladder.start(Rung::kStopSignal, start);
      TimePoint now = start;
      while (ladder.rung() != Rung::kGiveUp) {
        ladder.note_output(1'000'000'000, now);
        (void)ladder.note_activity(Activity::kWorks, now);
        now = std::min(*ladder.escalate_at(), now + std::chrono::milliseconds(100));
        if (ladder.due(now)) (void)ladder.climb(now);
      }
      EXPECT_LE(now, start + limit) << grace.count() << " of " << limit.count();
    }
  }
}

}  // namespace
}  // namespace stapsh
