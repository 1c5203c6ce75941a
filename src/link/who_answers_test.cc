// SPDX-License-Identifier: Apache-2.0
#include "link/who_answers.h"

#include <gtest/gtest.h>

namespace stapsh::link {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};

WhoAnswers answers() { return WhoAnswers({"db1", "x86_64", "6.1.0", {{"role", "db"}}}); }

TEST(WhoAnswers, EachComesAfterItsPartOfTheSpread) {
  WhoAnswers who = answers();
  who.on_question("who 1\nspread 1000\n", "late", 0.75, kNow);
  who.on_question("who 1\n", "now", 0.75, kNow);
  EXPECT_EQ(who.next_timer(), kNow);
  EXPECT_EQ(who.next(kNow),
            std::pair(std::string("now"), std::string("host db1\nmachine x86_64\nrelease 6.1.0\nlabel role=db\n")));
  EXPECT_EQ(who.next(kNow), std::nullopt);
  EXPECT_EQ(who.next_timer(), kNow + 750ms);
  EXPECT_EQ(who.next(kNow + 750ms)->first, "late");
  EXPECT_EQ(who.next_timer(), std::nullopt);
}

TEST(WhoAnswers, WhoIsNotMeantOrNotUnderstoodIsSilent) {
  WhoAnswers who = answers();
  who.on_question("who 1\nselect role=web\n", "other", 0, kNow);
  who.on_question("who 2\n", "later", 0, kNow);
  who.on_question("who 1\n", "", 0, kNow);
  EXPECT_EQ(who.next_timer(), std::nullopt);
  who.on_question("who 1\nselect role=db\n", "we", 0, kNow);
  EXPECT_EQ(who.next(kNow)->first, "we");
}

TEST(WhoAnswers, AFloodIsNotKept) {
  WhoAnswers who = answers();
  for (int i = 0; i < 1'000; ++i) who.on_question("who 1\nspread 60000\n", "x", 1, kNow);
  std::size_t count = 0;
  while (who.next(kNow + 60s)) ++count;
  EXPECT_EQ(count, WhoAnswers::kWaitingMax);
}

}  // namespace
}  // namespace stapsh::link
