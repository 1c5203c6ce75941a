// SPDX-License-Identifier: Apache-2.0
#include "client/answers/fleet_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "client/answers/value_shown.h"
#include "client/answers/values_builder.h"

namespace stapsh::client {
namespace {

// What a host says, in its order; keys may repeat.
using Said = std::vector<std::pair<std::string, Value>>;

class SummedFleet {
 public:
  explicit SummedFleet(MapKind kind, std::size_t keys_max = 1'000) : kind_(kind), keys_max_(keys_max) {}

  const HostValues& add(const Said& said, bool keyed = true) {
    builder_.begin(kind_, tables_, keyed, keys_max_);
    for (const auto& [key, value] : said) EXPECT_TRUE(builder_.add(key, value));
    return hosts_.emplace_back(builder_.finish(hosts_.size(), WallTime(1)));
  }

  // "a=5 b=7", by key.
  std::string sum() {
    FleetSum fleet(kind_, tables_.keys.size());
    for (const HostValues& host : hosts_) fleet.add(host);
    const std::vector<Sum> sums = fleet.take();
    std::map<std::string, std::string> by_key;
    for (std::uint32_t i = 0; i < sums.size(); ++i) by_key[std::string(tables_.keys.text(i))] = shown(sums[i]);
    std::string text;
    for (const auto& [key, value] : by_key) text += (text.empty() ? "" : " ") + key + "=" + value;
    return text;
  }
  std::string of(const HostValues& host) {
    std::map<std::string, std::string> by_key;
    for (std::size_t i = 0; i < host.size(); ++i) {
      by_key[std::string(tables_.keys.text(host.keys()[i]))] = shown(host.value(i));
    }
    std::string text;
    for (const auto& [key, value] : by_key) text += (text.empty() ? "" : " ") + key + "=" + value;
    return text;
  }
  std::vector<HostValues>& hosts() { return hosts_; }

 private:
  MapKind kind_;
  std::size_t keys_max_;
  MapTables tables_;
  ValuesBuilder builder_;
  std::vector<HostValues> hosts_;
};

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::string sum_of(MapKind kind, const std::vector<Said>& hosts) {
  SummedFleet fleet(kind);
  for (const Said& said : hosts) fleet.add(said);
  return fleet.sum();
}

TEST(FleetSum, EachKindIsPutTogetherInItsWay) {
  const std::vector<Said> numbers{
      {{"a", Number{5}}, {"b", Number{-3}}}, {{"b", Number{7}}}, {{"b", Number{1}}, {"a", Number{2}}}};
  EXPECT_EQ(sum_of(MapKind::kCount, numbers), "a=7 b=5");
  EXPECT_EQ(sum_of(MapKind::kSum, numbers), "a=7 b=5");
  EXPECT_EQ(sum_of(MapKind::kMin, numbers), "a=2 b=-3");
  EXPECT_EQ(sum_of(MapKind::kMax, numbers), "a=5 b=7");
  EXPECT_EQ(sum_of(MapKind::kAvg, numbers), "a=2/2/5 of 2 b=-3/1/7 of 3");
  EXPECT_EQ(sum_of(MapKind::kOther, numbers), "a=() b=()");
  EXPECT_EQ(sum_of(MapKind::kStats, {{{"a", Stats{1, 5}}}, {{"a", Stats{2, -7}}}}), "a=3x-2");
  const Histogram one{{{}, -1, 2}, {0, 0, 0}, {1, 1, 5}}, other{{1, 1, 1}, {8, {}, 4}};
  EXPECT_EQ(sum_of(MapKind::kHist, {{{"a", one}}, {{"a", other}}, {{"a", Histogram{}}}}), "a={..-1:2 1..1:6 8..:4}");
}

TEST(FleetSum, NothingOverflows) {
  const Number large = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(sum_of(MapKind::kSum, {{{"a", large}}, {{"a", large}}, {{"a", Number{kMax}}}}), "a=46116860184273879037");
  EXPECT_EQ(sum_of(MapKind::kSum, {{{"a", Number{kMax}}, {"a", Number{kMax}}}}), "a=18446744073709551614");
  const Histogram full{{0, 0, std::numeric_limits<std::uint64_t>::max()}};
  EXPECT_EQ(sum_of(MapKind::kHist, {{{"a", full}}, {{"a", full}}}), "a={0..0:18446744073709551615}");
  EXPECT_EQ(to_text(std::numeric_limits<Number>::min()), "-170141183460469231731687303715884105728");
}

TEST(FleetSum, WhatDoesNotFitTogetherIsNotMerged) {
  const std::string different = "a=(hosts have different buckets)";
  EXPECT_EQ(sum_of(MapKind::kLhist, {{{"a", Histogram{{0, 9, 1}}}}, {{"a", Histogram{{0, 19, 1}}}}}), different);
  EXPECT_EQ(sum_of(MapKind::kLhist, {{{"a", Histogram{{0, 9, 1}}}}, {{"a", Histogram{{5, 14, 1}}}}}), different);
  EXPECT_EQ(sum_of(MapKind::kLhist, {{{"a", Histogram{{0, {}, 1}}}}, {{"a", Histogram{{5, 14, 1}}}}}), different);
  EXPECT_EQ(sum_of(MapKind::kLhist, {{{"a", Histogram{{{}, 9, 1}}}}, {{"a", Histogram{{{}, 4, 1}}}}}), different);
  EXPECT_EQ(sum_of(MapKind::kLhist, {{{"a", Histogram{{0, 9, 1}}}}, {{"b", Histogram{{0, 19, 1}}}}}),
            "a={0..9:1} b={0..19:1}");
  // No two of these overlap; of one lhist() they are not.
  EXPECT_EQ(sum_of(MapKind::kLhist, {{{"a", Histogram{{10, 19, 1}}}}, {{"a", Histogram{{50, 54, 1}}}}}), different);
  EXPECT_EQ(sum_of(MapKind::kLhist, {{{"a", Histogram{{10, 19, 1}}}}, {{"a", Histogram{{35, 44, 1}}}}}), different);
  EXPECT_EQ(sum_of(MapKind::kLhist,
                   {{{"a", Histogram{{{}, -21, 1}, {-20, -11, 1}}}}, {{"a", Histogram{{10, 19, 2}, {20, {}, 3}}}}}),
            "a={..-21:1 -20..-11:1 10..19:2 20..:3}");
  EXPECT_EQ(
      sum_of(MapKind::kLhist, {{{"a", Histogram{{kMax - 14, kMax - 5, 1}}}}, {{"a", Histogram{{kMax - 4, kMax, 1}}}}}),
      "a={9223372036854775793..9223372036854775802:1 9223372036854775803..9223372036854775807:1}");
  EXPECT_EQ(sum_of(MapKind::kHist, {{{"a", Histogram{{4, 7, 1}}}}, {{"a", Histogram{{16, 31, 1}}}}}),
            "a={4..7:1 16..31:1}");
  EXPECT_EQ(sum_of(MapKind::kCount, {{{"a", Number{1}}, {"b", Number{1}}}, {{"a", Text{"\"x\""}}}}),
            "a=(a host has something else than a count there) b=1");
  EXPECT_EQ(sum_of(MapKind::kStats, {{{"a", Number{1}}}}), "a=(a host has something else than a stats there)");
  EXPECT_EQ(sum_of(MapKind::kHist, {{{"a", Number{1}}}}), "a=(a host has something else than a hist there)");
  SummedFleet fleet(MapKind::kCount);
  fleet.add({{"a", Number{1}}});
  fleet.add({{"", Number{2}}}, false);
  EXPECT_EQ(fleet.sum(),
            "=(on some hosts it has keys, on others it has none) a=(on some hosts it has keys, on others it has none)");
}

TEST(FleetSum, ARepeatedKeyOfAHostIsAddedNotOverwritten) {
  const struct {
    MapKind kind;
    Said said;
    std::string want;
  } cases[] = {
      {MapKind::kCount, {{"a", Number{1}}, {"b", Number{2}}, {"a", Number{3}}, {"a", Number{4}}}, "a=8 b=2"},
      {MapKind::kMin, {{"a", Number{1}}, {"a", Number{-3}}}, "a=-3"},
      {MapKind::kMax, {{"a", Number{1}}, {"a", Number{-3}}}, "a=1"},
      {MapKind::kAvg, {{"a", Number{3}}, {"a", Number{1}}}, "a=[1, 3]"},
      {MapKind::kOther, {{"a", Number{3}}, {"a", Text{"\"x\""}}}, "a=[\"x\", 3]"},
      {MapKind::kStats, {{"a", Stats{1, 2}}, {"b", Stats{1, 1}}, {"a", Stats{3, 4}}}, "a=4x6 b=1x1"},
      {MapKind::kHist, {{"a", Histogram{{1, 1, 2}}}, {"a", Histogram{{0, 0, 1}, {1, 1, 3}}}}, "a={0..0:1 1..1:5}"},
      {MapKind::kSum,
       {{"a", Number{kMax}}, {"b", Number{1}}, {"a", Number{1}}, {"b", Number{1}}},
       "a=9223372036854775808 b=2"},
  };
  for (const auto& c : cases) {
    SummedFleet fleet(c.kind);
    EXPECT_EQ(fleet.of(fleet.add(c.said)), c.want);
  }
}

TEST(FleetSum, KeysOverTheLimitAreCounted) {
  SummedFleet fleet(MapKind::kCount, 2);
  EXPECT_EQ(fleet.add({{"a", Number{1}}, {"b", Number{1}}, {"c", Number{1}}, {"c", Number{1}}}).dropped(), 2U);
  EXPECT_EQ(fleet.add({{"d", Number{1}}, {"b", Number{1}}}).dropped(), 1U);
  EXPECT_EQ(fleet.sum(), "a=1 b=2");
}

TEST(FleetSum, TooManyDifferentBucketsAreRefused) {
  MapTables tables;
  ValuesBuilder builder;
  builder.begin(MapKind::kHist, tables, false, 10);
  Histogram histogram;
  for (std::int64_t i = 0; i < 9'000; ++i) histogram.push_back({i, i, 1});
  EXPECT_FALSE(builder.add("", histogram));
}

TEST(HostValues, FindsEachKeyWhateverTheOrder) {
  SummedFleet fleet(MapKind::kCount);
  Said said;
  for (int i = 0; i < 500; ++i) said.emplace_back(std::to_string(i), Number{i});
  fleet.add(said);
  std::reverse(said.begin(), said.end());
  const HostValues& host = fleet.add(said);
  for (std::uint32_t i = 0; i < 500; ++i) EXPECT_EQ(host.find(i), Value(Number{i}));
  EXPECT_EQ(host.find(500), std::nullopt);
  // One with few of many keys goes another way.
  const HostValues& few = fleet.add({{"7", Number{1}}, {"3", Text{"x"}}, {"400", Number{2}}});
  EXPECT_EQ(fleet.of(few), "3=x 400=2 7=1");
  EXPECT_EQ(few.find(400), Value(Number{2}));
  EXPECT_TRUE(few.numbers().empty());
}

// Values drawn from a seed; sums are checked by what must hold of any.
class SumProperties : public testing::TestWithParam<MapKind> {
 protected:
  std::int64_t draw(std::int64_t low, std::int64_t high) { return std::uniform_int_distribution(low, high)(random_); }

  Value value() {
    switch (GetParam()) {
      case MapKind::kStats:
        return Stats{draw(0, 100), draw(-1000, kMax)};
      case MapKind::kHist:
      case MapKind::kLhist: {
        Histogram histogram;
        for (std::int64_t low = draw(0, 8); low < 10; low += draw(1, 4)) {
          histogram.push_back({low * 10, low * 10 + 9, static_cast<std::uint64_t>(draw(0, 1'000'000))});
        }
        if (draw(0, 9) == 0) histogram.push_back({draw(1, 3) * 100, std::nullopt, 3});
        return histogram;
      }
      default:
        return Number{draw(0, 9) == 0 ? kMax - draw(0, 9) : draw(-1000, 1000)};
    }
  }
  std::vector<Said> hosts() {
    std::vector<Said> hosts(static_cast<std::size_t>(draw(1, 12)));
    for (Said& said : hosts) {
      for (std::int64_t keys = draw(0, 20); keys > 0; --keys)
        said.emplace_back("k" + std::to_string(draw(0, 15)), value());
    }
    return hosts;
  }
  std::mt19937_64 random_{20'261'127};
};

TEST_P(SumProperties, OrderOfHostsAndKeysMakesNoDifference) {
  for (int round = 0; round < 200; ++round) {
    std::vector<Said> all = hosts();
    const std::string want = sum_of(GetParam(), all);
    for (Said& said : all) {
      // Three times the same key of what can't be added makes another list; it is not merged either way.
      std::shuffle(said.begin(), said.end(), random_);
    }
    std::shuffle(all.begin(), all.end(), random_);
    EXPECT_EQ(sum_of(GetParam(), all), want);
  }
}

TEST_P(SumProperties, TheSumOfSumsIsTheSum) {
  if (GetParam() == MapKind::kAvg || GetParam() == MapKind::kOther) return;  // They have none.
  for (int round = 0; round < 200; ++round) {
    const std::vector<Said> all = hosts();
    const std::size_t cut = static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(all.size())));
    SummedFleet whole(GetParam()), sums(GetParam());
    for (const Said& said : all) whole.add(said);
    for (int part = 0; part < 2; ++part) {
      // The half's sum is what one host says.
      Said said;
      FleetSum sum(GetParam(), 16);
      MapTables tables;
      ValuesBuilder builder;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if ((i < cut) != (part == 0)) continue;
        builder.begin(GetParam(), tables, true, 100);
        for (const auto& [key, value] : all[i]) EXPECT_TRUE(builder.add(key, value));
        sum.add(builder.finish(i, WallTime(1)));
      }
      const std::vector<Sum> by_key = sum.take();
      for (std::uint32_t key = 0; key < tables.keys.size(); ++key) {
        const std::string name(tables.keys.text(key));
        std::visit(Overloaded{[](const NotMerged&) {}, [](const Spread&) {},
                              [&](const auto& value) { said.emplace_back(name, Value(value)); }},
                   by_key[key]);
        // Buckets that don't fit are told by a part as well; stands for them.
        if (std::holds_alternative<NotMerged>(by_key[key])) {
          said.emplace_back(name, Histogram{{0, 9, 1}, {100, {}, 1}, {200, {}, 1}, {300, {}, 1}});
        }
      }
      sums.add(said);
    }
    EXPECT_EQ(sums.sum(), whole.sum());
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, SumProperties,
                         testing::Values(MapKind::kCount, MapKind::kSum, MapKind::kMin, MapKind::kMax, MapKind::kAvg,
                                         MapKind::kStats, MapKind::kHist, MapKind::kLhist, MapKind::kOther),
                         [](const auto& kind) { return std::string(kind_name(kind.param)); });

}  // namespace
}  // namespace stapsh::client
