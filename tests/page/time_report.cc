// SPDX-License-Identifier: Apache-2.0
// What hosts print again and again, as the report takes it in.
#include <string>
#include <utility>
#include <vector>

#include "client/answers/values_builder.h"
#include "client/report/map_collector.h"
#include "sample_reports.h"

namespace stapsh::client::report {
namespace {

using std::chrono::seconds;

constexpr WallTime kFirstMoment = seconds(1'795'750'245);
constexpr int kMoments = 8, kBetween = 250;  // Seconds.
constexpr std::string_view kTimeScript = R"(kprobe:panic* { @slow[func] = count(); }
kprobe:vfs_read { @cleared = sum(arg2); @large = sum(arg2); @late[comm] = count(); @changing[tid] = count(); }
kprobe:vfs_open { @top[comm] = count(); @hosts = count(); @usecs = hist(arg2); @cleared_usecs = hist(arg2); }
interval:s:250 {
  print(@slow); print(@cleared); print(@large); print(@late); print(@changing); print(@top, 3); print(@hosts); print(@usecs);
  print(@cleared_usecs); clear(@cleared); clear(@cleared_usecs);
}
)";

using Values = std::vector<std::pair<std::string, Sum>>;

// Each host says of itself what all are together: that is what is looked at.
Answer printed(std::string name, MapKind kind, int moment, const Values& values,
               const std::vector<std::size_t>& hosts) {
  Answer answer;
  answer.map = std::move(name);
  answer.kind = kind;
  answer.ordinal = static_cast<std::size_t>(moment);
  answer.at = kFirstMoment + seconds(kBetween * (moment + 1));
  answer.targets = 3;
  ValuesBuilder builder;
  MapTables tables;
  for (const auto& [key, sum] : values) {
    answer.keys.push_back(key);
    answer.sums.push_back(sum);
    answer.keyed = answer.keyed || !key.empty();
  }
  for (const std::size_t host : hosts) {
    builder.begin(kind, tables, answer.keyed, values.size());
    for (const auto& [key, sum] : values) {
      if (const auto* histogram = std::get_if<Histogram>(&sum)) {
        (void)builder.add(key, *histogram);
      } else if (const auto* number = std::get_if<Number>(&sum)) {
        (void)builder.add(key, *number);
      }
    }
    answer.hosts.push_back(builder.finish(host, answer.at));
  }
  return answer;
}

void print_all(MapCollector& maps, int moment) {
  const auto n = static_cast<Number>(moment);
  const auto print = [&](std::string name, MapKind kind, const Values& values,
                         const std::vector<std::size_t>& hosts = {0, 1, 2}) {
    maps.on_answer(printed(std::move(name), kind, moment, values, hosts));
  };
  print("@slow", MapKind::kCount, {{"panic", n}, {"panic_print", n / 2}});
  print("@cleared", MapKind::kSum, {{"", Number{12'034} + 150 * n}});
  print("@large", MapKind::kSum, {{"", (Number{1} << 70U) + 3'086'514 * n}});
  Values late{{"early", 1'000 * n}};
  if (moment > 3) late.emplace_back("late", 500 * (n - 3));
  print("@late", MapKind::kCount, late);
  Values changing;
  for (int thread = 0; thread < 30; ++thread) changing.emplace_back(std::to_string(moment * 30 + thread), Number{5});
  print("@changing", MapKind::kCount, changing);
  print("@top", MapKind::kCount, {{"cat " + std::to_string(moment % 2), 10 * n}, {"ls", 8 * n}});
  if (moment < 5) {
    print("@hosts", MapKind::kCount, {{"", 500 * n}}, {0, 1});
  } else {
    print("@hosts", MapKind::kCount, {{"", 10 * n}}, {1, 2});
  }
  const auto more = static_cast<std::uint64_t>(moment);
  print("@usecs", MapKind::kHist, {{"", Histogram{{1, 1, 10 + more}, {2, 3, 5 + 7 * more}}}});
  print("@cleared_usecs", MapKind::kHist, {{"", Histogram{{1, 1, 10 + more}, {2, 3, 5 + 7 * more}}}});
}

}  // namespace

Report time_report() {
  Report report = empty_report();
  report.command = report.script = "over_time.bt";
  report.script_text = kTimeScript;
  report.began = kFirstMoment;
  report.ended = kFirstMoment + seconds(kBetween * kMoments + 20);
  for (int host = 0; host < 3; ++host) {
    report.targets.push_back(report.targets.front());
    report.targets.back().name = "web0" + std::to_string(host + 1);
    report.targets.back().phases.back().end = report.ended;
  }
  report.targets.erase(report.targets.begin());
  MapCollector maps;
  maps.on_program(report.script_text);
  for (int moment = 0; moment < kMoments; ++moment) print_all(maps, moment);
  report.maps = maps.take();
  return report;
}

}  // namespace stapsh::client::report
