// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/given_answers.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace stapsh::client {
namespace {

constexpr std::string_view kPassword = "(the password)", kAnswer = "(the answer)";
constexpr std::string_view kHidden = "(not shown: it may quote what was typed)";

TypedAnswer::Line typed(std::string_view text) {
  sys::Secret secret = sys::Secret::create().value();
  std::ranges::copy(text, secret.room().begin());
  secret.set_size(text.size());
  return std::make_shared<const sys::Secret>(std::move(secret));
}

TEST(GivenAnswers, AreNotShown) {
  GivenAnswers given;
  EXPECT_TRUE(given.empty());
  given.add(typed("hunter2\n"), kPassword, "");
  given.add(typed(" hunter2000 \n"), kAnswer, "Code: ");
  EXPECT_FALSE(given.empty());
  EXPECT_EQ(given.conceal("Code for hunter2: "), "Code for (the password): ");
  EXPECT_EQ(given.conceal("hunter2hunter2\r\nhunter2000\n"), "(the password)(the password)\r\n(the answer)\n");
  EXPECT_EQ(given.conceal("hunter 2\n\n"), "hunter 2\n\n");
  EXPECT_EQ(given.conceal(""), "");
}

TEST(GivenAnswers, AMaskIsNoneOfIt) {
  GivenAnswers given;
  given.add(typed("answer\n"), kAnswer, "");
  given.add(typed("word\n"), kPassword, "");
  EXPECT_EQ(given.conceal("answer, word"), "(the answer), (the password)");
}

TEST(GivenAnswers, AShortOneHidesItsLines) {
  for (const char* pin : {"7\n", "07\n", "007\n"}) {
    GivenAnswers given;
    given.add(typed(pin), kAnswer, "");
    EXPECT_EQ(given.conceal("PIN 007 is wrong\nSorry.\nx007"),
              std::string(kHidden) + "\nSorry.\n" + std::string(kHidden));
  }
}

TEST(GivenAnswers, NothingTypedIsQuotedNowhere) {
  GivenAnswers given;
  given.add(typed("\n"), kAnswer, "");
  EXPECT_EQ(given.conceal("a\n b \n"), "a\n b \n");
}

// What is chosen from a list stands in it.
TEST(GivenAnswers, AnEarlierLineDoesNotQuoteALaterAnswer) {
  GivenAnswers given;
  given.add(typed("1\n"), kAnswer, "1. Push\n2. Text\nOption (1-2): ");
  EXPECT_EQ(given.conceal("1 was wrong.\n1. Push\n2. Text\nOption (1-2): "),
            std::string(kHidden) + "\n1. Push\n2. Text\nOption (1-2): ");
  given.add(typed("Text\n"), kPassword, "");
  EXPECT_EQ(given.conceal("2. Text\n"), "2. (the password)\n");
}

}  // namespace
}  // namespace stapsh::client
