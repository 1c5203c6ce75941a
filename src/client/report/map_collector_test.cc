// SPDX-License-Identifier: Apache-2.0
#include "client/report/map_collector.h"

#include <gtest/gtest.h>

#include "client/answers/values_builder.h"

namespace stapsh::client::report {
namespace {

Answer answer(std::optional<std::size_t> ordinal, std::vector<std::string> keys, std::vector<Sum> sums) {
  Answer made;
  made.map = "@m";
  made.kind = MapKind::kHist;
  made.ordinal = ordinal;
  made.targets = 3;
  made.keys = std::move(keys);
  made.sums = std::move(sums);
  return made;
}

Histogram counts(std::uint64_t low, std::uint64_t high) { return {{0, 0, low}, {1, 1, high}}; }

TEST(MapCollector, KeysOfAllPrintsAreOneList) {
  MapCollector collector;
  collector.on_program("profile:hz:9 { @m[ustack] = hist(1); }");
  collector.on_answer(answer(0, {"a"}, {counts(1, 1)}));
  collector.on_answer(answer(1, {"b", "a"}, {counts(5, 0), counts(2, 1)}));
  collector.on_answer(answer(std::nullopt, {"b"}, {counts(6, 6)}));
  const std::vector<Map> maps = collector.take();
  ASSERT_EQ(maps.size(), 1U);
  const Map& map = maps.front();
  EXPECT_EQ(map.keys, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(map.sums, (std::vector<Sum>{NotMerged{}, counts(6, 6)}));
  ASSERT_EQ(map.snapshots.size(), 2U);
  EXPECT_EQ(map.snapshots[1].sums, (std::vector<std::pair<KeyIndex, Sum>>{{0, counts(2, 1)}, {1, counts(5, 0)}}));
  EXPECT_TRUE(map.cumulative);
  EXPECT_EQ(map.asked, 3U);
  EXPECT_EQ(map.stacks, std::vector<StackKind>{StackKind::kUser});
}

TEST(MapCollector, WhatWeFailedAtIsSaidOfTheMap) {
  MapCollector collector;
  collector.on_answer(answer(std::nullopt, {"a"}, {counts(1, 1)}));
  collector.on_fault("@m", "--by-host");
  collector.on_fault("@m", "--by-host");
  collector.on_fault("@other", "the answers");
  const std::vector<Map> maps = collector.take();
  ASSERT_EQ(maps.size(), 2U);
  EXPECT_EQ(maps[0].faults, std::vector<std::string>{"--by-host"});
  EXPECT_EQ(maps[0].sums.size(), 1U);
  EXPECT_EQ(maps[1].name, "@other");
  EXPECT_EQ(maps[1].faults, std::vector<std::string>{"the answers"});
}

TEST(MapCollector, OfALostMapNoPartIsLeft) {
  MapCollector collector;
  collector.on_answer(answer(0, {"a"}, {counts(1, 1)}));
  collector.on_lost("@m");
  collector.on_answer(answer(std::nullopt, {"b"}, {counts(2, 2)}));
  const std::vector<Map> maps = collector.take();
  ASSERT_EQ(maps.size(), 1U);
  EXPECT_EQ(maps[0].faults, std::vector<std::string>{"what hosts had printed of it"});
  EXPECT_EQ(maps[0].keys, std::vector<std::string>{"b"});
  EXPECT_TRUE(maps[0].snapshots.empty());
}

TEST(MapCollector, AnEmptyKeyIsAKey) {
  MapCollector collector;
  Answer keyed = answer(std::nullopt, {""}, {counts(1, 1)});
  keyed.keyed = true;
  collector.on_answer(keyed);
  Answer unkeyed = answer(std::nullopt, {""}, {counts(1, 1)});
  unkeyed.map = "@n";
  collector.on_answer(unkeyed);
  const std::vector<Map> maps = collector.take();
  ASSERT_EQ(maps.size(), 2U);
  EXPECT_TRUE(maps[0].keyed);
  EXPECT_FALSE(maps[1].keyed);
}

TEST(MapCollector, OfNumbersOnlyTheLastAreKept) {
  const auto counted = [](std::optional<std::size_t> ordinal, std::vector<std::string> keys, std::vector<Sum> sums) {
    Answer made = answer(ordinal, std::move(keys), std::move(sums));
    made.kind = MapKind::kCount;
    return made;
  };
  MapCollector collector;
  collector.on_answer(counted(0, {"thread 1"}, {Number{4}}));
  collector.on_answer(counted(std::nullopt, {"thread 9"}, {Number{5}}));
  collector.on_answer(counted(1, {"thread 8"}, {Number{6}}));
  const Map map = collector.take().front();
  EXPECT_EQ(map.keys, std::vector<std::string>{"thread 9"});
  EXPECT_EQ(map.sums, std::vector<Sum>{Number{5}});
  EXPECT_TRUE(map.snapshots.empty());
}

TEST(MapCollector, ManyKeysOverTimeTakeLittleTime) {
  std::vector<std::string> keys;
  keys.reserve(20'000);
  for (int key = 0; key < 20'000; ++key) keys.push_back(std::to_string(key));
  MapCollector collector;
  collector.on_program("profile:hz:9 { @m[tid] = hist(1); }");
  for (std::size_t moment = 0; moment < 50; ++moment) {
    collector.on_answer(answer(moment, keys, std::vector<Sum>(keys.size(), counts(moment, 1))));
  }
  const Map map = collector.take().front();  // Seconds, were each looked for among all: 20 billion looks.
  EXPECT_EQ(map.snapshots.size(), 50U);
  EXPECT_TRUE(map.cumulative);
}

// A number is told from a histogram by its kind; more each time, as a counter that is cleared may well be.
Map of_program(std::string_view program, MapKind kind) {
  MapCollector collector;
  if (!program.empty()) collector.on_program(program);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto more = static_cast<std::uint64_t>(150 + 150 * i);
    Answer made = answer(i, {""}, {is_histogram(kind) ? Sum(counts(more, more)) : Sum(static_cast<Number>(more))});
    made.kind = kind;
    collector.on_answer(made);
  }
  return collector.take().front();
}

TEST(MapCollector, TheProgramTellsWhatIsCumulative) {
  struct Case {
    std::string_view name, program;
    MapKind kind;
    bool cumulative;
  };
  const Case cases[] = {
      {"sum", "k:f { @m = sum(1); } i:s:1 { print(@m); }", MapKind::kSum, true},
      {"sum, cleared", "k:f { @m = sum(@i); } i:s:1 { print(@m); clear(@m); @i = @i * 2; }", MapKind::kSum, false},
      {"hist", "k:f { @m = hist(1); } i:s:1 { print(@m); }", MapKind::kHist, true},
      {"hist, zeroed", "k:f { @m = hist(1); } i:s:1 { print(@m); zero(@m); }", MapKind::kHist, false},
      {"hist, another cleared", "k:f { @m = hist(1); @n = hist(1); } i:s:1 { print(@m); clear(@n); }", MapKind::kHist,
       true},
      {"max", "k:f { @m = max(1); } i:s:1 { print(@m); }", MapKind::kMax, false},
      {"unknown text", "", MapKind::kSum, false},
      {"another's text", "k:f { @m = count(); }", MapKind::kHist, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Map map = of_program(c.program, c.kind);
    EXPECT_EQ(map.cumulative, c.cumulative);
    EXPECT_EQ(map.series.has_value(), !is_histogram(c.kind));
    EXPECT_EQ(map.snapshots.size(), is_histogram(c.kind) ? 3U : 0U);
    EXPECT_EQ(map.series && map.series->cumulative, !is_histogram(c.kind) && c.cumulative);
  }
}

TEST(MapCollector, WhatIsPrintedInPartIsNotShownOverTime) {
  struct Case {
    std::string_view program, why;
  };
  const Case cases[] = {
      {"k:f { @m[tid] = count(); } i:s:1 { print(@m, 5); }",
       "not shown over time: the program prints only the largest keys of each host"},
      {"k:f { @m[tid] = count(); } i:s:1 { print(@m, 0, 1000); }",
       "not shown over time: the program divides what it prints"},
  };
  for (const Case& c : cases) {
    for (const MapKind kind : {MapKind::kCount, MapKind::kHist}) {
      const Map map = of_program(c.program, kind);
      EXPECT_FALSE(map.series);
      EXPECT_TRUE(map.snapshots.empty());
      EXPECT_EQ(map.notes, std::vector<std::string>{std::string(c.why)});
      EXPECT_EQ(map.sums.size(), 1U);
    }
  }
}

TEST(MapCollector, OfStacksNoMomentsAreKept) {
  MapCollector collector;
  for (std::size_t i = 0; i < 3; ++i) {
    collector.on_answer(
        answer(i, {"cat", "\n    vfs_read+1\n    do_syscall_64+2\n,cat"}, {counts(i, 1), counts(i, 2)}));
  }
  const Map map = collector.take().front();
  EXPECT_TRUE(map.snapshots.empty());
  EXPECT_TRUE(map.notes.empty());
  EXPECT_EQ(map.sums, (std::vector<Sum>{counts(2, 1), counts(2, 2)}));
}

Answer said_by(Answer answer, const std::vector<std::size_t>& targets) {
  MapTables tables;
  ValuesBuilder builder;
  for (const std::size_t target : targets) {
    builder.begin(MapKind::kHist, tables, false, 10);
    EXPECT_TRUE(builder.add("", Value(counts(1, 1))));
    answer.hosts.push_back(builder.finish(target, answer.at));
  }
  return answer;
}

TEST(MapCollector, MomentsOfOtherHostsAreLeftOut) {
  MapCollector collector;
  collector.on_answer(said_by(answer(0, {""}, {counts(5, 5)}), {0, 1}));
  collector.on_answer(said_by(answer(1, {""}, {counts(4, 4)}), {0}));
  collector.on_answer(said_by(answer(2, {""}, {counts(9, 6)}), {0, 1}));
  collector.on_answer(said_by(answer(3, {""}, {counts(1, 1)}), {1, 2}));
  const Map map = collector.take().front();
  ASSERT_EQ(map.snapshots.size(), 2U);
  EXPECT_EQ(map.snapshots[1].sums.front().second, Sum(counts(9, 6)));
  EXPECT_EQ(map.notes, std::vector<std::string>{
                           "moments at which others than the same 2 hosts had printed it are not shown over time: 2"});
}

TEST(MapCollector, OfHostsThatAreNeverTheSameNothingIsShownOverTime) {
  MapCollector collector;
  collector.on_answer(said_by(answer(0, {""}, {counts(5, 5)}), {0, 1}));
  collector.on_answer(said_by(answer(1, {""}, {counts(6, 6)}), {1, 2}));
  const Map map = collector.take().front();
  EXPECT_TRUE(map.snapshots.empty());
  EXPECT_EQ(map.notes, std::vector<std::string>{std::string(kNeverTheSameHosts)});
}

TEST(MapCollector, ALongRunIsThinnedOut) {
  MapCollector collector;
  for (std::uint64_t i = 0; i < 10'000; ++i) collector.on_answer(answer(i, {""}, {counts(i, i)}));
  const Map map = collector.take().front();
  EXPECT_LE(map.snapshots.size(), 2'000U);
  EXPECT_GE(map.snapshots.size(), 1'000U);
  EXPECT_EQ(map.sums.front(), Sum(counts(9'999, 9'999)));
}

}  // namespace
}  // namespace stapsh::client::report
