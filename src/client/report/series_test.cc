// SPDX-License-Identifier: Apache-2.0
#include "client/report/series.h"

#include <gtest/gtest.h>

#include "client/answers/values_builder.h"

namespace stapsh::client::report {
namespace {

WallTime at(int second) { return std::chrono::seconds(second); }

class SeriesTest : public testing::Test {
 protected:
  void print(int second, const std::vector<std::pair<std::string, Number>>& values,
             const std::vector<std::size_t>& hosts = {0, 1}) {
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
    for (const std::size_t host : hosts) {
      builder.begin(MapKind::kCount, tables, false, 10);
      answer.hosts.push_back(builder.finish(host, answer.at));
    }
    collector_.on_snapshot(answer);
  }
  using Line = std::vector<std::optional<Number>>;
  std::optional<Series> take(bool cumulative = true) { return collector_.take(cumulative, notes_); }

  SeriesCollector collector_;
  std::vector<std::string> notes_;
};

TEST_F(SeriesTest, NumbersOfMomentsAreALine) {
  for (int second = 1; second <= 3; ++second) print(second, {{"", 10 * second}});
  const std::optional<Series> series = take();
  ASSERT_TRUE(series);
  EXPECT_EQ(series->at, (std::vector<WallTime>{at(1), at(2), at(3)}));
  EXPECT_EQ(series->keys, std::vector<std::string>{""});
  EXPECT_EQ(series->lines, std::vector<Line>{(Line{10, 20, 30})});
  EXPECT_TRUE(series->cumulative);
  EXPECT_EQ(series->hosts, 2U);
}

TEST_F(SeriesTest, TheSixKeysThatEverWereLargestHaveLines) {
  print(1, {{"a", 1}, {"b", 90}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}, {"g", 7}});
  print(2, {{"h", 80}, {"a", 2}});
  const std::optional<Series> series = take();
  ASSERT_TRUE(series);
  EXPECT_EQ(series->keys, (std::vector<std::string>{"b", "h", "g", "f", "e", "d"}));
  EXPECT_EQ(series->lines[0], (Line{90, std::nullopt}));
  EXPECT_EQ(series->lines[1], (Line{0, 80}));
}

TEST_F(SeriesTest, ACountThatWasNotThereYetIsNothing) {
  print(1, {{"a", 1}});
  print(2, {{"a", 2}, {"b", 50}});
  print(3, {{"a", 3}, {"b", 60}});
  EXPECT_EQ(take()->lines, (std::vector<Line>{{0, 50, 60}, {1, 2, 3}}));
}

TEST_F(SeriesTest, OfWhatIsNotCumulativeNothingIsAdded) {
  print(1, {{"a", 1}});
  print(2, {{"a", 2}, {"b", 50}});
  EXPECT_EQ(take(false)->lines, (std::vector<Line>{{std::nullopt, 50}, {1, 2}}));
}

TEST_F(SeriesTest, WhereKeysAreLeftOutAMissingOneIsNotKnown) {
  std::vector<std::pair<std::string, Number>> many;
  many.reserve(21);
  for (int key = 0; key < 21; ++key) many.emplace_back("key " + std::to_string(key), 100 + key);
  print(1, many);
  print(2, {{"late", 500}});
  const std::optional<Series> series = take();
  ASSERT_TRUE(series);
  EXPECT_EQ(series->keys.front(), "late");
  EXPECT_EQ(series->lines.front(), (Line{std::nullopt, 500}));
}

TEST_F(SeriesTest, StacksHaveNoLines) {
  for (int second = 1; second <= 3; ++second) print(second, {{"\n    vfs_read+1\n    do_syscall_64+2\n,cat", second}});
  EXPECT_FALSE(take());
  EXPECT_TRUE(notes_.empty());
}

TEST_F(SeriesTest, MomentsOfFewerHostsAreLeftOut) {
  print(1, {{"", 1}}, {0});
  print(2, {{"", 2}});
  print(3, {{"", 3}});
  const std::optional<Series> series = take();
  ASSERT_TRUE(series);
  EXPECT_EQ(series->at, (std::vector<WallTime>{at(2), at(3)}));
  EXPECT_EQ(series->hosts, 2U);
  EXPECT_EQ(series->left_out, 1U);
}

TEST_F(SeriesTest, MomentsOfAsManyOtherHostsAreLeftOut) {
  print(1, {{"", 1'000}}, {0, 1});
  print(2, {{"", 1'100}}, {0, 1});
  print(3, {{"", 90}}, {1, 2});
  print(4, {{"", 95}}, {1, 2});
  const std::optional<Series> series = take();
  ASSERT_TRUE(series);
  EXPECT_EQ(series->lines, std::vector<Line>{(Line{1'000, 1'100})});
  EXPECT_EQ(series->hosts, 2U);
  EXPECT_EQ(series->left_out, 2U);
}

TEST_F(SeriesTest, OfHostsThatAreNeverTheSameNothingIsShown) {
  print(1, {{"", 1}}, {0});
  print(2, {{"", 2}}, {1});
  EXPECT_FALSE(take());
  EXPECT_EQ(notes_, std::vector<std::string>{std::string(kNeverTheSameHosts)});
}

TEST_F(SeriesTest, OneMomentIsNone) {
  EXPECT_FALSE(take());
  print(1, {{"", 1}});
  EXPECT_FALSE(take());
}

TEST_F(SeriesTest, OfALongRunMomentsAreThinnedOut) {
  for (int second = 0; second < 9'000; ++second) print(second, {{"", second}}, {0});
  const std::optional<Series> series = take();
  ASSERT_TRUE(series);
  EXPECT_LE(series->at.size(), 2'000U);
  EXPECT_GE(series->at.size(), 900U);
  EXPECT_EQ(series->at.front(), at(0));
}

}  // namespace
}  // namespace stapsh::client::report
