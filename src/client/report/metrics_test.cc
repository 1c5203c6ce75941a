// SPDX-License-Identifier: Apache-2.0
// What promtool says of it, tests/page tries.
#include "client/report/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client::report {
namespace {

using testing::HasSubstr;
using testing::Not;

Report one_host() {
  Report report;
  report.targets.resize(1);
  report.targets[0].name = "web\"01";
  report.targets[0].outcome = Outcome{Outcome::Kind::kEnded, 0};
  report.ended = std::chrono::milliseconds(1'500);
  return report;
}

std::string of(std::string name, MapKind kind, std::vector<std::string> keys, const Value& value,
               const Sum& sum = NotMerged{}) {
  Report report = one_host();
  Map map;
  map.name = std::move(name);
  map.kind = kind;
  map.asked = 1;
  map.keyed = keys != std::vector<std::string>{""};
  map.sums.assign(keys.size(), sum);
  HostColumn host{0, {}};
  for (KeyIndex key = 0; key < keys.size(); ++key) host.values.emplace_back(key, value);
  map.keys = std::move(keys);
  map.hosts.push_back(host);
  report.maps.push_back(map);
  return metrics_text(report);
}

TEST(Metrics, CountersGaugesAndSummaries) {
  EXPECT_THAT(of("@calls", MapKind::kCount, {"nginx"}, Number{5}),
              HasSubstr("# TYPE rstap_calls_total counter\nrstap_calls_total{host=\"web\\\"01\",key=\"nginx\"} 5\n"));
  EXPECT_THAT(of("@peak", MapKind::kMax, {""}, Number{-5}),
              HasSubstr("# TYPE rstap_peak gauge\nrstap_peak{host=\"web\\\"01\"} -5\n"));
  EXPECT_THAT(of("@wait", MapKind::kStats, {""}, Stats{2, 30}),
              HasSubstr("# TYPE rstap_wait summary\nrstap_wait_sum{host=\"web\\\"01\"} "
                        "30\nrstap_wait_count{host=\"web\\\"01\"} 2\n"));
}

TEST(Metrics, AKeyThatIsEmptyIsOne) {
  Report report = one_host();
  Map map;
  map.name = "@calls";
  map.kind = MapKind::kCount;
  map.keyed = true;
  map.keys = {""};
  map.sums = {Number{5}};
  map.hosts = {{0, {{0, Number{5}}}}};
  report.maps.push_back(map);
  EXPECT_THAT(metrics_text(report), HasSubstr("rstap_calls_total{host=\"web\\\"01\",key=\"\"} 5\n"));
}

TEST(Metrics, HistogramsAreCumulativeWithTheFleetsBuckets) {
  const Histogram own{{2, 3, 4}, {8, std::nullopt, 1}}, all{{0, 0, 1}, {2, 3, 9}, {4, 7, 2}, {8, std::nullopt, 1}};
  const std::string text = of("@usecs", MapKind::kHist, {""}, own, all);
  EXPECT_THAT(text, HasSubstr("rstap_usecs_bucket{host=\"web\\\"01\",le=\"0\"} 0\n"
                              "rstap_usecs_bucket{host=\"web\\\"01\",le=\"3\"} 4\n"
                              "rstap_usecs_bucket{host=\"web\\\"01\",le=\"7\"} 4\n"
                              "rstap_usecs_bucket{host=\"web\\\"01\",le=\"+Inf\"} 5\n"
                              "rstap_usecs_count{host=\"web\\\"01\"} 5\n"));
  EXPECT_THAT(text, Not(HasSubstr("_sum")));
}

TEST(Metrics, NamesAndLabelsCannotBreakOut) {
  const std::string text = of("@a-b \"c\"", MapKind::kCount, {"x\"} 1\n\\", "x\xff", "x<FF>"}, Number{1});
  EXPECT_THAT(text, HasSubstr("rstap_a_b_c_total{host=\"web\\\"01\",key=\"x\\\"} 1^J\\\\\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("# HELP rstap_a_b_c_total @a-b \"c\" of the traced program, count\n"));
  EXPECT_THAT(text, HasSubstr("key=\"x<FF>\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("key=\"x<FF>#2\"} 1\n"));
}

TEST(Metrics, LongKeysThatBeginAlikeAreSoonTold) {
  std::vector<std::string> keys;
  for (int i = 0; i < 20'000; ++i) keys.push_back(std::string(1100, 'x') + std::to_string(i));
  EXPECT_THAT(of("@c", MapKind::kCount, keys, Number{1}), HasSubstr("...#20000\"} 1\n"));
}

TEST(Metrics, NamesDoNotMeet) {
  EXPECT_THAT(of("@target_failed", MapKind::kSum, {""}, Number{1}), HasSubstr("rstap_target_failed_2{"));
  EXPECT_THAT(of("@count", MapKind::kSum, {""}, Number{1}), HasSubstr("rstap_count_value{"));
  EXPECT_THAT(of("@", MapKind::kSum, {""}, Number{1}), HasSubstr("rstap_map{"));
}

TEST(Metrics, TheRunItself) {
  const std::string text = of("@s", MapKind::kCount, {"\n  f+1\n"}, Number{1});
  EXPECT_THAT(text, Not(HasSubstr("rstap_s")));
  EXPECT_THAT(text, HasSubstr("rstap_target_failed{host=\"web\\\"01\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("rstap_map_hosts{map=\"@s\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("rstap_run_end_timestamp_seconds 1.5\n"));
}

}  // namespace
}  // namespace stapsh::client::report
