// SPDX-License-Identifier: Apache-2.0
#include "client/run/canary_watch.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using Verdict = CanaryWatch::Verdict;

constexpr TimePoint kStart{std::chrono::hours(1)};
TimePoint at(int seconds) { return kStart + std::chrono::seconds(seconds); }

TEST(CanaryWatch, WithoutATimeAllMustEndWithSuccess) {
  CanaryWatch watch({2, std::nullopt});
  watch.note_running(0, at(0));
  watch.note_running(1, at(0));
  EXPECT_EQ(watch.look(at(1000)), Verdict::kWait);
  watch.note_ended(0, true);
  EXPECT_EQ(watch.look(at(1001)), Verdict::kWait);
  watch.note_ended(1, true);
  EXPECT_EQ(watch.look(at(1002)), Verdict::kWell);
}

TEST(CanaryWatch, WhoRunsForLongEnoughIsWell) {
  CanaryWatch watch({2, std::chrono::seconds(10)});
  watch.note_running(0, at(0));
  EXPECT_EQ(watch.well_at(), std::nullopt);
  EXPECT_EQ(watch.look(at(20)), Verdict::kWait);
  watch.note_running(1, at(21));
  EXPECT_EQ(watch.well_at(), at(31));
  EXPECT_EQ(watch.look(at(30)), Verdict::kWait);
  EXPECT_EQ(watch.look(at(31)), Verdict::kWell);
  watch.note_ended(0, false);  // That is the run's own affair from here on.
  EXPECT_EQ(watch.look(at(32)), Verdict::kWell);
}

TEST(CanaryWatch, OneThatFailsBeforeTheOthersAreWellDecides) {
  CanaryWatch watch({2, std::chrono::seconds(10)});
  watch.note_running(0, at(0));
  watch.note_running(1, at(5));
  watch.note_ended(0, false);
  EXPECT_EQ(watch.look(at(11)), Verdict::kFailed);
  watch.note_ended(1, true);
  EXPECT_EQ(watch.look(at(12)), Verdict::kFailed);
}

TEST(CanaryWatch, OthersDoNotCount) {
  CanaryWatch watch({1, std::nullopt});
  watch.note_ended(1, false);
  EXPECT_EQ(watch.look(at(0)), Verdict::kWait);
  EXPECT_FALSE(watch.is_canary(1));
}

}  // namespace
}  // namespace stapsh::client
