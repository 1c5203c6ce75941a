// SPDX-License-Identifier: Apache-2.0
#include "broker/who.h"

#include <gtest/gtest.h>

namespace stapsh::broker {
namespace {

TEST(Who, QuestionAndAnswerAreReadAsTheyWereWritten) {
  const Result<WhoQuestion> question =
      parse_who_question(format_who(WhoQuestion{*Selector::parse("role=db,!old"), 500}));
  ASSERT_TRUE(question);
  EXPECT_EQ(question->selector.text(), "role=db,!old");
  EXPECT_EQ(question->spread_ms, 500U);
  EXPECT_EQ(format_who(WhoQuestion{}), "who 1\nspread 0\n");

  const WhoAnswer answer{"db1.example.com", "x86_64", "6.1.0-18-amd64", {{"role", "db"}, {"dc", "fra"}}};
  EXPECT_EQ(parse_who_answer(format_who(answer)), answer);
}

TEST(Who, WhatIsNotKnownIsPassedOver) {
  EXPECT_TRUE(parse_who_question("who 1\nlater words\n"));
  EXPECT_EQ(parse_who_answer("host a\nuptime 3\nmachine m\n\nrelease r")->release, "r");
}

TEST(Who, WhatIsWrongIsSaid) {
  for (const std::string_view bad :
       {"", "who 2\n", "who 1\nspread x\n", "who 1\nspread 60001\n", "who 1\nselect =\n"}) {
    EXPECT_FALSE(parse_who_question(bad)) << bad;
  }
  for (const std::string_view bad :
       {"", "machine x\n", "host a b\n", "host a\nmachine \x1b[2J\n", "host a\nlabel x\n"}) {
    EXPECT_FALSE(parse_who_answer(bad)) << bad;
  }
  EXPECT_FALSE(parse_who_answer("host a\n" + std::string(kWhoBytesMax, '\n')));
}

}  // namespace
}  // namespace stapsh::broker
