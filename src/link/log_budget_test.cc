// SPDX-License-Identifier: Apache-2.0
#include "link/log_budget.h"

#include <gtest/gtest.h>

namespace stapsh::link {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};

// How many of so many at a time are logged.
int logged(LogBudget& budget, const std::string& client, int count, TimePoint now) {
  int logged = 0;
  for (int i = 0; i < count; ++i) logged += budget.take(client, now).is_logged ? 1 : 0;
  return logged;
}

TEST(LogBudget, AFloodIsCutAndCountedAndHidesNobodyElse) {
  LogBudget budget;
  EXPECT_EQ(logged(budget, "bob", 128, kNow), 128);
  EXPECT_TRUE(budget.take("bob", kNow).is_first_missed);
  EXPECT_FALSE(budget.take("bob", kNow).is_first_missed);
  EXPECT_TRUE(budget.take("ann", kNow).is_logged);
  EXPECT_FALSE(budget.take("bob", kNow + 15s).is_logged);
  const LogBudget::Verdict again = budget.take("bob", kNow + 16s);
  EXPECT_TRUE(again.is_logged);
  EXPECT_EQ(again.missed, 3U);
  EXPECT_EQ(budget.take("bob", kNow + 16s).missed, 0U);
}

TEST(LogBudget, WhatIsUsualIsLoggedForEver) {
  LogBudget budget;
  for (int second = 0; second < 3'600; ++second) {
    EXPECT_EQ(logged(budget, "ann", 4, kNow + std::chrono::seconds(second)), 4) << second;
  }
}

TEST(LogBudget, ManyNamesAreNoWayAround) {
  LogBudget budget;
  int all = 0;
  for (int i = 0; i < 10'000; ++i) all += logged(budget, "c" + std::to_string(i), 2, kNow);
  EXPECT_EQ(all, 16 * 2 + 128);
  // Who has been quiet for long has its place no more.
  EXPECT_EQ(logged(budget, "ann", 200, kNow + 60s), 128);
}

}  // namespace
}  // namespace stapsh::link
