// SPDX-License-Identifier: Apache-2.0
#include "client/output/gathered_groups.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(GatheredGroups, AreOrderedByCodeThenSizeThenFirstTarget) {
  SharedTexts texts(7);
  const std::string_view said[] = {"b", "a", "bad", "a", "c", "b", "a"};
  const int codes[] = {0, 0, 7, 0, 0, 3, 9};
  GroupCollector collector;
  for (std::size_t i = 0; i < 7; ++i) {
    texts.append(i, said[i]);
    collector.add(i, texts.place(i), codes[i]);
  }
  std::vector<std::vector<std::size_t>> got;
  for (const GatheredGroup& group : collector.groups()) got.push_back(group.targets);
  EXPECT_EQ(got, (std::vector<std::vector<std::size_t>>{{1, 3, 6}, {0, 5}, {4}, {2}}));
}

TEST(GatheredGroups, WhoHasNoCodeComesLast) {
  EXPECT_EQ(order_code({Outcome::Kind::kEnded, 3, {}}), 3);
  EXPECT_EQ(order_code({Outcome::Kind::kEnded, std::nullopt, {}}), 1);
  Outcome untold{Outcome::Kind::kEnded, std::nullopt, {}};
  untold.has_output = true;
  EXPECT_EQ(order_code(untold), 0);
  EXPECT_EQ(order_code({Outcome::Kind::kFailed, std::nullopt, "lost"}), 256);
}

TEST(GatheredGroups, TitleFoldsNamesAndCountsSeveral) {
  const std::vector<std::string> names{"web01", "web02", "web03", "db"};
  EXPECT_EQ(group_title({{}, {0, 1, 2}}, names), "web[01-03] (3)");
  EXPECT_EQ(group_title({{}, {3}}, names), "db");
  EXPECT_EQ(group_header("---", "db"), "---\ndb\n---\n");
}

std::string repeated(std::string_view character, std::size_t times) {
  std::string text;
  while (times-- > 0) text += character;
  return text;
}

TEST(RuleFinder, IsLongerThanAnyLineOfDashes) {
  const auto dashes = [](std::size_t count) { return std::string(count, '-'); };
  struct Case {
    std::string name, text;
    std::size_t want;
  };
  const Case cases[] = {
      {"nothing", "", 15},
      {"a shorter line", dashes(14) + "\n", 15},
      {"what looks like a header", "a\n" + dashes(15) + "\nweb01\n" + dashes(15) + "\n", 16},
      {"first line", dashes(20) + "\n", 21},
      {"not the whole line", dashes(20) + " x\n x " + dashes(30) + "\n", 15},
      {"ended as on Windows", dashes(15) + "\r\n", 16},
      {"written over", "x\r" + dashes(17) + "\n", 18},
      {"coloured", "\033[m" + dashes(10) + "\033[31m" + dashes(10) + "\033[0m\n", 21},
      {"with what has no width", dashes(8) + "\xe2\x80\x8b" + dashes(8) + "\n", 17},
      {"only what has no width behind it", dashes(15) + "\xe2\x80\x8b\n" + dashes(3) + "\n", 16},
      {"with blanks", " " + dashes(15) + " \t\n", 16},
      {"other dashes", dashes(14) + "\xe2\x80\x94\xe2\x94\x80\n", 17},
      {"written over by steps", "xy\b\b" + dashes(20) + "\n", 21},
      {"soft hyphens", "\u00ad\u00ad" + dashes(14) + "\u00ad\n", 18},
      {"soft hyphens alone", repeated("\u00ad", 16) + "\n", 17},
      {"a line of a terminal's", repeated("\u23af", 16) + "\n", 17},
      {"small", repeated("\ufe63", 16) + "\n", 17},
      {"wide", repeated("\uff0d", 16) + "\n", 17},
      {"a bullet", repeated("\u2043", 16) + "\n", 17},
      {"a left half", repeated("\u2574", 16) + "\n", 17},
      {"a long vowel", repeated("\u30fc", 16) + "\n", 17},
      {"a minus as a letter", repeated("\u02d7", 16) + "\n", 17},
      {"one", repeated("\u4e00", 16) + "\n", 17},
      {"an overline", repeated("\u203e", 16) + "\n", 17},
      {"heavy", repeated("\u2796", 16) + "\n", 17},
      {"mongolian", repeated("\u1806", 16) + "\n", 17},
      {"with a speck", dashes(16) + ".\n", 17},
      {"Russian",
       "\u041e\u0448\u0438\u0431\u043a\u0430 \u0447\u0442\u0435\u043d\u0438\u044f "
       "\u0444\u0430\u0439\u043b\u0430 \u0441\u0431\u043e\u0440\u043a\u0438\n",
       15},
      {"a stranger", repeated("\u25ac", 16) + "--\n", 19},
      {"other words", "\u00fcber " + dashes(16) + "\n" + repeated("x", 20) + "\n", 15},
      {"lines of C1 controls", "x\u0085" + dashes(20) + "\u0085x\n", 21},
      {"lines of escapes", "x\033E" + dashes(20) + "\033Ex\n", 21},
      {"erased", "x\033[2K\033[1G" + dashes(20) + "\033[2;3Hx\n", 21},
      {"longest of several", dashes(16) + "\n" + dashes(40) + "\n\n" + dashes(17) + "\n", 41},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (std::size_t cut = 0; cut <= c.text.size(); ++cut) {
      RuleFinder finder;
      finder.add(c.text.substr(0, cut));
      finder.add(c.text.substr(cut));
      EXPECT_EQ(finder.rule(), dashes(c.want)) << "cut at " << cut;
    }
  }
}

TEST(RuleFinder, LeavesRoomForDashesThatAreAdded) {
  for (const auto& [added, want] : {std::pair(0U, 15U), std::pair(1U, 16U)}) {
    RuleFinder finder(added);
    finder.add(std::string(14, '-') + "\n");
    EXPECT_EQ(finder.rule(), std::string(want, '-'));
  }
}

TEST(RuleFinder, IsNeverAsLongAsAnybodyLikes) {
  RuleFinder finder;
  finder.add(std::string(1'000'000, '-') + "\n");
  const std::string rule = finder.rule();
  EXPECT_LT(rule.size(), 100U);
  EXPECT_NE(rule, finder.rule()) << "it can be foreseen";
}

}  // namespace
}  // namespace stapsh::client
