// SPDX-License-Identifier: Apache-2.0
#include "agent/stopped_watch.h"

#include <gtest/gtest.h>

namespace stapsh::agent {
namespace {

// The look, counted from one, that says so; 0: none of `looks`.
int said_at(StoppedWatch& watch, int looks, bool stopped, bool has_terminal) {
  for (int look = 1; look <= looks; ++look) {
    if (watch.count(stopped, has_terminal)) return look;
  }
  return 0;
}

TEST(StoppedWatch, SaysSoAfterSeveralLooksInARow) {
  StoppedWatch watch(1);
  EXPECT_EQ(said_at(watch, 1000, false, false), 0);
  EXPECT_EQ(said_at(watch, 1000, true, false), StoppedWatch::kLooks);
  EXPECT_TRUE(watch.count(true, false));
  EXPECT_FALSE(watch.count(false, false));
  EXPECT_EQ(said_at(watch, 1000, true, false), StoppedWatch::kLooks);
}

TEST(StoppedWatch, GoingOnStartsAnew) {
  StoppedWatch watch(1);
  EXPECT_EQ(said_at(watch, StoppedWatch::kLooks - 1, true, false), 0);
  EXPECT_FALSE(watch.count(false, false));
  EXPECT_EQ(said_at(watch, StoppedWatch::kLooks - 1, true, false), 0);
}

TEST(StoppedWatch, PersonAtATerminalHasTenMinutes) {
  StoppedWatch watch(1);
  EXPECT_EQ(said_at(watch, 1000, true, true) * StoppedWatch::kLookEvery, std::chrono::minutes(10));
}

}  // namespace
}  // namespace stapsh::agent
