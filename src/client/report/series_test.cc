// SPDX-License-Identifier: Apache-2.0
#include "client/report/series.h"

#include <gtest/gtest.h>

#include "client/answers/values_builder.h"

namespace stapsh::client::report {
namespace {

WallTime at(int second) { return std::chrono::seconds(second); }

class SeriesTest : public testing::Test {
 protected:
  void print(int second, const std::vector<std::pair<std::string, Number>>& values, std::size_t hosts = 2) {
    Answer answer;
    answer.map = "@m";
    answer.kind = MapKind::kCount;
    answer.ordinal = 0;
    answer.at = at(second);
    for (const auto& [key, number] : values) {
      answer.keys.push_back(key);
      answer.sums.emplace_back(number);
    }
    ValuesBuilder builder;
    MapTables tables{KeyTable(KeyMatching::kExact, 0)};
    for (std::size_t host = 0; host < hosts; ++host) {
      builder.begin(MapKind::kCount, tables, false, 10);
      answer.hosts.push_back(builder.finish(host, answer.at));
    }
    collector_.on_snapshot(answer);
  }
  using Line = std::vector<std::optional<Number>>;

  SeriesCollector collector_;
};

TEST_F(SeriesTest, ACounterThatGrowsIsCumulative) {
  for (int second = 1; second <= 3; ++second) print(second, {{"", 10 * second}});
  const std::optional<Series> series = collector_.take(MapKind::kCount);
  ASSERT_TRUE(series);
  EXPECT_EQ(series->at, (std::vector<WallTime>{at(1), at(2), at(3)}));
  EXPECT_EQ(series->keys, std::vector<std::string>{""});
  EXPECT_EQ(series->lines, std::vector<Line>{(Line{10, 20, 30})});
  EXPECT_TRUE(series->cumulative);
  EXPECT_EQ(series->hosts, 2U);
}

TEST_F(SeriesTest, OneThatIsClearedIsNot) {
  for (const int number : {10, 30, 20}) print(number, {{"", number}});
  EXPECT_FALSE(collector_.take(MapKind::kCount)->cumulative);
}

TEST_F(SeriesTest, ALargestValueIsNeverARate) {
  for (const int number : {10, 20, 30}) print(number, {{"", number}});
  EXPECT_FALSE(collector_.take(MapKind::kMax)->cumulative);
}

TEST_F(SeriesTest, TheSixKeysThatEverWereLargestHaveLines) {
  print(1, {{"a", 1}, {"b", 90}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}, {"g", 7}});
  print(2, {{"h", 80}, {"a", 2}});
  const std::optional<Series> series = collector_.take(MapKind::kCount);
  ASSERT_TRUE(series);
  EXPECT_EQ(series->keys, (std::vector<std::string>{"b", "h", "g", "f", "e", "d"}));
  EXPECT_EQ(series->lines[0], (Line{90, std::nullopt}));
  EXPECT_EQ(series->lines[1], (Line{std::nullopt, 80}));
}

TEST_F(SeriesTest, MomentsOfFewerHostsAreLeftOut) {
  print(1, {{"", 1}}, 1);
  print(2, {{"", 2}});
  print(3, {{"", 3}});
  const std::optional<Series> series = collector_.take(MapKind::kCount);
  ASSERT_TRUE(series);
  EXPECT_EQ(series->at, (std::vector<WallTime>{at(2), at(3)}));
  EXPECT_EQ(series->left_out, 1U);
}

TEST_F(SeriesTest, OneMomentIsNone) {
  EXPECT_FALSE(collector_.take(MapKind::kCount));
  print(1, {{"", 1}});
  EXPECT_FALSE(collector_.take(MapKind::kCount));
}

TEST_F(SeriesTest, OfALongRunMomentsAreThinnedOut) {
  for (int second = 0; second < 9'000; ++second) print(second, {{"", second}}, 1);
  const std::optional<Series> series = collector_.take(MapKind::kCount);
  ASSERT_TRUE(series);
  EXPECT_LE(series->at.size(), 2'000U);
  EXPECT_GE(series->at.size(), 900U);
  EXPECT_EQ(series->at.front(), at(0));
}

}  // namespace
}  // namespace stapsh::client::report
