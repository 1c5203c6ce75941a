// SPDX-License-Identifier: Apache-2.0
#include "client/output/heat_map.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "client/answers/answer_book.h"
#include "client/output/columns.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// The last values of a program that printed these maps on host 0, 1, …
Answer answer_of(std::string_view program, const std::vector<std::string>& maps) {
  const auto makes = [&](std::string_view how) { return program.find(how) != std::string_view::npos; };
  const std::string type = makes("hist(") ? "hist" : makes("stats(") ? "stats" : "map";
  AnswerBook book{ProgramMaps(program), maps.size()};
  for (std::size_t host = 0; host < maps.size(); ++host) book.on_started(host, 1s);
  for (std::size_t host = 0; host < maps.size(); ++host) {
    book.on_output(host, R"({"type": ")" + type + R"(", "data": {)" + maps[host] + "}}\n", 1s);
  }
  book.on_run_ended(2s);
  Answer last;
  while (std::optional<AnswerItem> item = book.next()) {
    if (auto* answer = std::get_if<Answer>(&*item)) last = *answer;
  }
  return last;
}

std::vector<std::string> names_of(std::size_t hosts) {
  std::vector<std::string> names;
  for (std::size_t host = 1; host <= hosts; ++host) names.push_back(fmt::format("web{:03}", host));
  return names;
}

std::vector<std::string> lines_of(const Answer& answer, const HeatLook& look = {}) {
  return heat_map_lines(answer, names_of(answer.targets), unlike_hosts(answer), look);
}

// "@h" with so many values in the buckets [1], [2, 4), [4, 8) …
std::string counts_json(const std::vector<std::size_t>& counts) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    text += fmt::format(R"({}{{"min": {}, "max": {}, "count": {}}})", i == 0 ? "" : ", ", 1U << i, (2U << i) - 1,
                        counts[i]);
  }
  return "[" + text + "]";
}

std::string hist(const std::vector<std::size_t>& counts) { return R"("@h": )" + counts_json(counts); }

constexpr std::string_view kHist = "t:x { @h = hist(1); }";

TEST(HeatMap, HostsThatAreAlikeShareARowAndTheOtherStandsAlone) {
  const Answer answer =
      answer_of(kHist, {hist({10'000, 20'000, 100, 0, 0, 0}), hist({10'020, 19'900, 90, 0, 0, 0}),
                        hist({100, 100, 100, 100, 10'000, 20'000}), hist({9'990, 20'200, 110, 0, 0, 0})});
  EXPECT_THAT(lines_of(answer), ElementsAre(R"(  by host; shade: part of the host's own values: " .:-=+*#%@")",
                                            "                       1     2     4     8     16    32     per host",
                                            "  web[001-002,004] (3) ******@@@@@@......                      30137",
                                            "! web003               ........................******@@@@@@    30400"));
}

TEST(HeatMap, NothingIsShownOfOneHost) { EXPECT_THAT(lines_of(answer_of(kHist, {hist({1, 2})})), IsEmpty()); }

TEST(HeatMap, ManyBucketsShareColumns) {
  std::vector<std::string> hosts;
  for (int host = 0; host < 3; ++host) {
    std::string buckets;
    for (int i = 0; i < 1'000; ++i) {
      buckets +=
          fmt::format(R"({}{{"min": {}, "max": {}, "count": {}}})", i == 0 ? "" : ", ", i * 10, i * 10 + 9, i % 7);
    }
    hosts.push_back(R"("@h": [)" + buckets + "]");
  }
  const std::vector<std::string> lines = lines_of(answer_of("t:x { @h = lhist(1, 0, 10000, 10); }", hosts));
  ASSERT_EQ(lines.size(), 3U);
  for (const std::string& line : lines) EXPECT_LE(columns_of(line), 80U) << line;
}

TEST(HeatMap, TwoHundredHostsFitOnAScreen) {
  std::vector<std::string> hosts;
  for (std::size_t host = 0; host < 200; ++host) {
    // Each has a shape of its own, and loads differ tenfold.
    const std::size_t middle = host * 7 % 12, load = 100 + host * 37 % 900;
    std::vector<std::size_t> counts(16);
    counts[middle] = 50 * load;
    counts[middle + 1] = 30 * load;
    counts[middle + 3] = load;
    hosts.push_back(hist(counts));
  }
  const std::vector<std::string> lines = lines_of(answer_of(kHist, hosts));
  EXPECT_LE(lines.size(), 40U);
  EXPECT_GT(lines.size(), 12U);
  for (const std::string& line : lines) EXPECT_LE(columns_of(line), 80U) << line;
}

TEST(HeatMap, NumbersAreBarsAndEqualOnesShareARow) {
  const Answer answer = answer_of("t:x { @c = count(); }", {R"("@c": 40)", R"("@c": 20)", R"("@c": 40)", R"("@c": 0)"});
  HeatLook look;
  look.columns = 44;
  EXPECT_THAT(lines_of(answer, look), ElementsAre("  by host:",                                    //
                                                  "  web[001,0… (2) 40 |@@@@@@@@@@@@@@@@@@@@@@|",  //
                                                  "  web002         20 |@@@@@@@@@@@           |",  //
                                                  "! web004          0 |                      |"));
}

TEST(HeatMap, TwoHundredNumbersFitOnAScreen) {
  std::vector<std::string> hosts;
  for (std::size_t host = 0; host < 200; ++host) hosts.push_back(fmt::format(R"("@c": {})", 1'000'000 + host * host));
  const std::vector<std::string> lines = lines_of(answer_of("t:x { @c = count(); }", hosts));
  EXPECT_LE(lines.size(), 40U);
  for (const std::string& line : lines) EXPECT_LE(columns_of(line), 80U) << line;
}

TEST(HeatMap, KeysAreColumnsTheLargestFirst) {
  const Answer answer = answer_of(
      "t:x { @c[comm] = count(); }",
      {R"("@c": {"bash": 40, "a": 1})", R"("@c": {"bash": 10, "sshd": 90})", R"("@c": {"bash": 40, "a": 1})"});
  EXPECT_THAT(lines_of(answer), ElementsAre(R"(  by host; shade: beside the key's largest: " .:-=+*#%@")",
                                            "                            bash            sshd               a",
                                            "  web[001,003] (2)            40 @             -               1 @",
                                            "! web002                      10 +            90 @             -"));
}

TEST(HeatMap, AKeyedHistogramHasAMapForEachOfItsLargestKeys) {
  const auto both = [](const std::string& a, const std::string& b) {
    return R"("@h": {"a": )" + a + R"(, "b": )" + b + "}";
  };
  const Answer answer = answer_of("t:x { @h[comm] = hist(1); }", {both(counts_json({1, 2}), counts_json({0, 10})),
                                                                  both(counts_json({1, 2}), counts_json({0, 12}))});
  EXPECT_THAT(lines_of(answer), ElementsAre(R"(  by host; shade: part of the host's own values: " .:-=+*#%@")", "  b:",
                                            "                   2      per host",  //
                                            "  web[001-002] (2) @@@@@@       11", "  a:",
                                            "                   1     2      per host",  //
                                            "  web[001-002] (2) ******@@@@@@        3"));
  HeatLook look;
  look.top = 1;
  EXPECT_EQ(lines_of(answer, look).size(), 4U);
}

TEST(HeatMap, AveragesOfStatsAreCompared) {
  const Answer answer = answer_of("t:x { @s = stats(1); }", {R"("@s": {"count": 2, "average": 10, "total": 20})",
                                                             R"("@s": {"count": 1, "average": 5, "total": 5})"});
  EXPECT_THAT(lines_of(answer),
              ElementsAre("  by host, averages:", "  web001 10 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|",
                          "  web002  5 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |"));
}

TEST(HeatMap, WhatIsNotMergedHasNoMap) {
  EXPECT_THAT(lines_of(answer_of("BEGIN { @x = 1; }", {R"("@x": 3)", R"("@x": 4)"})), IsEmpty());
}

TEST(HeatMap, NothingThatHostsNameReachesTheTerminalUnspelled) {
  const std::string evil = R"(\u001b[2J\nrstap: done\t)" + std::string(300, 'x') + "\xff";
  for (const std::string_view program : {"t:x { @c[comm] = count(); }", "t:x { @c[comm] = hist(1); }"}) {
    const bool histogram = program.find("hist") != std::string_view::npos;
    const std::string value = histogram ? counts_json({1, 2, 3}) : "5";
    const std::string line = R"("@c": {")" + evil + R"(": )" + value + R"(, "b": )" + value + "}";
    const std::vector<std::string> names{"a\xff" + std::string(400, 'n'),
                                         "日本日本日本日本日本日本日本日本日本日本日本日本1"};
    const Answer answer = answer_of(program, {line, line});
    for (const std::size_t columns : {0U, 40U, 80U, 300U}) {
      HeatLook look;
      look.columns = columns;
      const std::vector<std::string> lines = heat_map_lines(answer, names, unlike_hosts(answer), look);
      EXPECT_THAT(lines, Each(Not(testing::HasSubstr("\033"))));
      for (const std::string& each : lines) {
        EXPECT_LE(columns_of(each), std::max<std::size_t>(columns, 40)) << each;
        EXPECT_EQ(each.find('\n'), std::string::npos);
      }
    }
  }
}

TEST(HeatMap, ColourIsEndedWhereItBegan) {
  HeatLook look;
  look.coloured = true;
  for (const std::string& line : lines_of(answer_of(kHist, {hist({1, 2}), hist({2, 1})}), look)) {
    const auto begins = line.rfind("\033[48"), ends = line.rfind("\033[0m");
    if (begins == std::string::npos) continue;
    EXPECT_LT(begins, ends) << line;
  }
}

TEST(HeatMap, EmptyKeysHaveTheirPlace) {
  for (const std::string_view key : {"", "\\n", " \\n\\t", "\\n    f+1\\n"}) {
    const std::string counts = fmt::format(R"("@c": {{"{}": 3}})", key);
    EXPECT_THAT(lines_of(answer_of("t:x { @c[comm] = count(); }", {counts, counts})), testing::SizeIs(3));
    const std::string histogram = fmt::format(R"("@h": {{"{}": {}}})", key, counts_json({1, 2}));
    EXPECT_THAT(lines_of(answer_of("t:x { @h[comm] = hist(1); }", {histogram, histogram})), testing::SizeIs(4));
  }
}

}  // namespace
}  // namespace stapsh::client
