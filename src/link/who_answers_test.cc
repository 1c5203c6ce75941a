// SPDX-License-Identifier: Apache-2.0
#include "link/who_answers.h"

#include <gtest/gtest.h>

namespace stapsh::link {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kAskedAt{1h};

WhoAnswers answers() { return WhoAnswers({"db1.x", "x86_64", "6.1.0", {{"role", "db"}}}, broker::Subjects("fra")); }

TEST(WhoAnswers, EachComesAfterItsPartOfTheSpread) {
  WhoAnswers who = answers();
  who.on_question("rstap.fra.who.ann", "who 1\nspread 1000\n", "rstap.fra.here.ann.late", 0.75, kAskedAt);
  who.on_question("rstap.fra.who.ann", "who 1\n", "rstap.fra.here.ann.now", 0.75, kAskedAt);
  EXPECT_EQ(who.next_timer(), kAskedAt);
  EXPECT_EQ(who.next(kAskedAt), std::pair(std::string("rstap.fra.here.ann.now.db1/x"),
                                          std::string("host db1.x\nmachine x86_64\nrelease 6.1.0\nlabel role=db\n")));
  EXPECT_EQ(who.next(kAskedAt), std::nullopt);
  EXPECT_EQ(who.next_timer(), kAskedAt + 750ms);
  EXPECT_EQ(who.next(kAskedAt + 750ms)->first, "rstap.fra.here.ann.late.db1/x");
  EXPECT_EQ(who.next_timer(), std::nullopt);
}

TEST(WhoAnswers, WhoIsNotMeantOrNotUnderstoodIsSilent) {
  WhoAnswers who = answers();
  who.on_question("rstap.fra.who.ann", "who 1\nselect role=web\n", "rstap.fra.here.ann.other", 0, kAskedAt);
  who.on_question("rstap.fra.who.ann", "who 2\n", "rstap.fra.here.ann.later", 0, kAskedAt);
  who.on_question("rstap.fra.who.ann", "who 1\nspread 10001\n", "rstap.fra.here.ann.slow", 0, kAskedAt);
  EXPECT_EQ(who.next_timer(), std::nullopt);
  who.on_question("rstap.fra.who.ann", "who 1\nselect role=db\n", "rstap.fra.here.ann.we", 0, kAskedAt);
  EXPECT_EQ(who.next(kAskedAt)->first, "rstap.fra.here.ann.we.db1/x");
}

// Else whoever may ask could have all hosts say something to whom they may not speak themselves.
TEST(WhoAnswers, NothingElseIsAnswered) {
  WhoAnswers who = answers();
  for (const char* reply :
       {"", "x", "_INBOX.ann.x", "rstap.fra.who", "rstap.fra.node.db1.ann.r1.0", "rstap.fra.here.ann",
        "rstap.fra.here.ann.r1.db2", "rstap.fra.here.bob.r1", "rstap.ams.here.ann.r1"}) {
    who.on_question("rstap.fra.who.ann", "who 1\n", reply, 0, kAskedAt);
    EXPECT_EQ(who.next_timer(), std::nullopt) << reply;
  }
}

TEST(WhoAnswers, AFloodIsNotKeptAndHidesNobodyElse) {
  WhoAnswers who = answers();
  for (int i = 0; i < 1'000; ++i)
    who.on_question("rstap.fra.who.bob", "who 1\nspread 10000\n", "rstap.fra.here.bob.r1", 1, kAskedAt);
  who.on_question("rstap.fra.who.ann", "who 1\n", "rstap.fra.here.ann.r1", 1, kAskedAt);
  EXPECT_EQ(who.next(kAskedAt)->first, "rstap.fra.here.ann.r1.db1/x");
  std::size_t count = 0;
  while (who.next(kAskedAt + 10s)) ++count;
  EXPECT_EQ(count, WhoAnswers::kWaitingMaxOfClient);
  for (int i = 0; i < 10'000; ++i) {
    const std::string client = "c" + std::to_string(i);
    who.on_question("rstap.fra.who." + client, "who 1\nspread 1000\n", "rstap.fra.here." + client + ".r1", 1, kAskedAt);
  }
  while (who.next(kAskedAt + 1s)) ++count;
  EXPECT_EQ(count, WhoAnswers::kWaitingMaxOfClient + WhoAnswers::kWaitingMax);
}

}  // namespace
}  // namespace stapsh::link
