// SPDX-License-Identifier: Apache-2.0
#include "link/unasked_answers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace stapsh::link {
namespace {

UnaskedAnswers::Answer answer(const std::string& client, std::uint32_t number) {
  return {{"web01", client, "run1", number}, "no"};
}

std::vector<std::string> all_of(UnaskedAnswers& answers) {
  std::vector<std::string> all;
  while (const auto next = answers.next()) all.push_back(next->session.client + std::to_string(next->session.number));
  return all;
}

TEST(UnaskedAnswers, ClientsHaveTheirTurns) {
  UnaskedAnswers answers;
  for (const std::uint32_t number : {1U, 2U, 3U}) answers.add(answer("bob", number));
  answers.add(answer("ann", 1));
  answers.add(answer("eve", 1));
  answers.add(answer("eve", 2));
  EXPECT_EQ(all_of(answers), (std::vector<std::string>{"ann1", "bob1", "eve1", "bob2", "eve2", "bob3"}));
  EXPECT_TRUE(answers.empty());
}

TEST(UnaskedAnswers, WhoIsOwedTooMuchTakesNothingFromOthers) {
  UnaskedAnswers answers;
  for (std::uint32_t number = 0; number < 2 * UnaskedAnswers::kWaitingMaxOfClient; ++number) {
    answers.add(answer("bob", number));
  }
  answers.add(answer("eve", 7));
  const std::vector<std::string> all = all_of(answers);
  EXPECT_EQ(all.size(), UnaskedAnswers::kWaitingMaxOfClient + 1);
  EXPECT_EQ(all[1], "eve7");
}

TEST(UnaskedAnswers, OfASessionTheFirstOneCounts) {
  UnaskedAnswers answers;
  answers.add({{"web01", "ann", "run1", 1}, "refused"});
  answers.add({{"web01", "ann", "run1", 1}, "there is no such session"});
  EXPECT_EQ(answers.next()->reason, "refused");
  EXPECT_TRUE(answers.empty());
  answers.add(answer("ann", 1));
  EXPECT_FALSE(answers.empty());
}

TEST(UnaskedAnswers, AllTogetherHaveABoundAndWhoIsOwedMostIsDropped) {
  UnaskedAnswers answers;
  for (std::uint32_t number = 0; number < UnaskedAnswers::kWaitingMaxOfClient; ++number) {
    answers.add(answer("bob", number));
  }
  for (std::uint32_t number = 1'000; number < UnaskedAnswers::kWaitingMax; ++number) {
    answers.add(answer("client" + std::to_string(number), number));
  }
  answers.add(answer("ann", 1));
  const std::vector<std::string> all = all_of(answers);
  EXPECT_EQ(all.size(), UnaskedAnswers::kWaitingMax);
  EXPECT_EQ(all.front(), "ann1");
  EXPECT_EQ(std::ranges::count_if(all, [](const std::string& each) { return each.starts_with("bob"); }), 999);
  answers.add(answer("ann", 1));
  answers.forget();
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(answers.next(), std::nullopt);
}

}  // namespace
}  // namespace stapsh::link
