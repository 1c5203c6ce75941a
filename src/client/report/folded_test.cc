// SPDX-License-Identifier: Apache-2.0
#include "client/report/folded.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "client/report/stack_key.h"

namespace stapsh::client::report {
namespace {

Map stacks(std::string name, std::vector<std::string> keys, std::vector<HostColumn> hosts) {
  Map map;
  map.name = std::move(name);
  map.keys = std::move(keys);
  map.hosts = std::move(hosts);
  return map;
}

Report two_hosts() {
  Report report;
  report.targets.resize(2);
  report.targets[0].name = "web01";
  report.targets[1].name = "we;b\n02";
  return report;
}

TEST(Folded, OutermostFirstAndEqualOnesOnce) {
  Report report = two_hosts();
  report.maps.push_back(stacks("@s", {"\n  f+1\n  main+1\n,postgres", "\n  f+8\n  main+1\n,postgres", ",idle"},
                               {{0, {{0, Number{2}}, {1, Number{3}}, {2, Number{0}}}}, {1, {{2, Number{1} << 70}}}}));
  EXPECT_EQ(folded_stacks(report),
            "web01;postgres;main;f 5\n"
            "we\\x3bb\\x0a02;idle 1180591620717411303424\n");
}

TEST(Folded, NothingEndsAFrameOrALine) {
  Report report = two_hosts();
  report.maps.push_back(stacks("@s", {"\n  a;b\\c\xff\x01+1\n,x"}, {{0, {{0, Number{1}}}}}));
  EXPECT_EQ(folded_stacks(report), "web01;x;a\\x3bb\\x5cc\\xff\\x01 1\n");
}

TEST(Folded, SeveralMapsAreToldApart) {
  Report report = two_hosts();
  report.maps.push_back(stacks("@on", {"\n  f+1\n"}, {{0, {{0, Number{1}}}}}));
  report.maps.push_back(stacks("@calls", {"no stack"}, {{0, {{0, Number{1}}}}}));
  report.maps.push_back(stacks("@off", {"\n  f+1\n"}, {{0, {{0, Number{2}}}}}));
  EXPECT_EQ(folded_stacks(report), "web01;@off;f 2\nweb01;@on;f 1\n");
}

// Joined for each of its frames, the first of these would take a gigabyte and a half.
TEST(Folded, ADeepStackOfLongNamesIsOneLine) {
  std::string deep, line;
  for (std::size_t i = 0; i < kFramesMax - 1; ++i) {
    const std::string name = std::to_string(10'000 + i) + std::string(700, 'x');
    deep += "\n  " + name + "+1";
    line.insert(0, ";" + name);
  }
  Report report = two_hosts();
  std::vector<std::string> keys;
  std::vector<std::pair<KeyIndex, Value>> values;
  for (KeyIndex key = 0; key < 20; ++key) {
    keys.push_back("\n  " + std::string(1, static_cast<char>('a' + key)) + "+1" + deep + "\n");
    values.emplace_back(key, Number{1});
  }
  report.maps.push_back(stacks("@s", {deep + "\n"}, {{0, {{0, Number{7}}}}}));
  EXPECT_EQ(folded_stacks(report), "web01" + line + " 7\n");
  report.maps.front() = stacks("@s", keys, {{0, values}});
  EXPECT_EQ(std::ranges::count(folded_stacks(report), '\n'), 20);
}

TEST(Folded, ANameOfAnyLengthIsCut) {
  Report report = two_hosts();
  report.maps.push_back(stacks("@s", {"\n  " + std::string(5'000, 'y') + "+1\n  main+1\n"}, {{0, {{0, Number{1}}}}}));
  EXPECT_EQ(folded_stacks(report), "web01;main;" + std::string(1024, 'y') + "... 1\n");
}

TEST(Folded, WithoutStacksNothing) { EXPECT_EQ(folded_stacks(two_hosts()), ""); }

}  // namespace
}  // namespace stapsh::client::report
