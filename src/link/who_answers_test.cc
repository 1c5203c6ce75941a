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
  who.on_question("who 1\nspread 1000\n", "_INBOX.late", 0.75, kNow);
  who.on_question("who 1\n", "_INBOX.now", 0.75, kNow);
  EXPECT_EQ(who.next_timer(), kNow);
  EXPECT_EQ(who.next(kNow), std::pair(std::string("_INBOX.now"),
                                      std::string("host db1\nmachine x86_64\nrelease 6.1.0\nlabel role=db\n")));
  EXPECT_EQ(who.next(kNow), std::nullopt);
  EXPECT_EQ(who.next_timer(), kNow + 750ms);
  EXPECT_EQ(who.next(kNow + 750ms)->first, "_INBOX.late");
  EXPECT_EQ(who.next_timer(), std::nullopt);
}

TEST(WhoAnswers, WhoIsNotMeantOrNotUnderstoodIsSilent) {
  WhoAnswers who = answers();
  who.on_question("who 1\nselect role=web\n", "_INBOX.other", 0, kNow);
  who.on_question("who 2\n", "_INBOX.later", 0, kNow);
  who.on_question("who 1\n", "", 0, kNow);
  EXPECT_EQ(who.next_timer(), std::nullopt);
  who.on_question("who 1\nselect role=db\n", "_INBOX.we", 0, kNow);
  EXPECT_EQ(who.next(kNow)->first, "_INBOX.we");
}

// Else whoever may ask could have all hosts say something to whom they may not speak themselves.
TEST(WhoAnswers, OnlyAnInboxIsAnswered) {
  WhoAnswers who = answers();
  for (const char* reply : {"", "x", "rstap.here.who", "rstap.here.node.db1.ann.r1.0", "rstap.here.up.ann.r1.db1.0",
                            "$JS.API.STREAM.DELETE.RSTAP_FILES", "_INBOX", "_INBOXES.x", "x._INBOX.y"}) {
    who.on_question("who 1\n", reply, 0, kNow);
    EXPECT_EQ(who.next_timer(), std::nullopt) << reply;
  }
}

TEST(WhoAnswers, AFloodIsNotKept) {
  WhoAnswers who = answers();
  for (int i = 0; i < 1'000; ++i) who.on_question("who 1\nspread 60000\n", "_INBOX.x", 1, kNow);
  std::size_t count = 0;
  while (who.next(kNow + 60s)) ++count;
  EXPECT_EQ(count, WhoAnswers::kWaitingMax);
}

}  // namespace
}  // namespace stapsh::link
