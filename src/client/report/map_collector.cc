// SPDX-License-Identifier: Apache-2.0
#include "client/report/map_collector.h"

#include <algorithm>

#include "client/answers/map_kind.h"
#include "client/report/stack_key.h"
#include "client/report/stack_order.h"
#include "client/report/thin_out.h"

namespace stapsh::client::report {
namespace {

using KeySum = std::pair<KeyIndex, Sum>;

bool is_added_up(MapKind kind) { return kind == MapKind::kCount || kind == MapKind::kSum || is_histogram(kind); }

}  // namespace

MapCollector::Collected& MapCollector::collected(const std::string& name) {
  const auto known = std::ranges::find(maps_, name, [](const Collected& one) { return one.map.name; });
  if (known != maps_.end()) return *known;
  maps_.emplace_back().map.name = name;
  return maps_.back();
}

void MapCollector::on_program(std::string_view script) {
  script_ = script;
  program_ = ProgramMaps(script);
}

// Only the program's text tells: a map that was cleared may have more in it than before.
bool MapCollector::is_cumulative(const Map& map) const {
  const ProgramMap* said = program_.find(map.name);
  return said != nullptr && said->kind == map.kind && !said->forgets && is_added_up(map.kind);
}

// For a person; empty: what it was at one moment can stand beside what it was at another.
std::string_view MapCollector::why_not_over_time(const std::string& map) const {
  const ProgramMap* said = program_.find(map);
  if (said != nullptr && said->printed_in_part) {
    return "not shown over time: the program prints only the largest keys of each host";
  }
  return said != nullptr && said->printed_divided ? "not shown over time: the program divides what it prints" : "";
}

void MapCollector::on_answer(const Answer& answer) {
  Collected& one = collected(answer.map);
  Map& map = one.map;
  const bool is_new = !answer.ordinal || !one.has_last;
  const bool is_comparable = !one.has_stacks && why_not_over_time(answer.map).empty();
  const bool keeps_moments = is_histogram(answer.kind) && is_comparable;
  if (answer.ordinal && (is_over_time(answer.kind) || is_histogram(answer.kind))) ++one.prints;
  if (!keeps_moments) {
    // Over time only numbers are shown beside histograms, and few of them; of all else what was said last is all, and
    // nothing is kept of what it takes the place of.
    if (answer.ordinal && is_over_time(answer.kind) && is_comparable) one.series.on_snapshot(answer);
    if (!is_new) return;
    map.keys.clear();
    one.keys.clear();
  }
  std::vector<KeyIndex> numbers;  // Of the answer's keys, in the map.
  numbers.reserve(answer.keys.size());
  for (const std::string& key : answer.keys) {
    const auto [at, is_first] = one.keys.try_emplace(key, static_cast<KeyIndex>(map.keys.size()));
    if (is_first) {
      map.keys.push_back(key);
      map.sums.emplace_back(NotMerged{});
      if (keeps_moments && parse_stack_key(key)) one.has_stacks = true;
    }
    numbers.push_back(at->second);
  }
  if (one.has_stacks) one.moments.clear();
  if (answer.ordinal && keeps_moments && !one.has_stacks) {
    Moment moment{hosts_of(answer, one.moments.empty() ? nullptr : one.moments.back().hosts),
                  {answer.at, answer.hosts.size(), {}}};
    std::vector<KeySum>& sums = moment.snapshot.sums;
    for (std::size_t i = 0; i < answer.sums.size(); ++i) sums.emplace_back(numbers[i], answer.sums[i]);
    std::ranges::sort(sums, {}, &KeySum::first);
    one.moments.push_back(std::move(moment));
    thin_out_beyond_limit(one.moments);
  }
  if (!is_new) return;
  one.has_last = !answer.ordinal;
  map.kind = answer.kind;
  map.keyed = answer.keyed;
  map.asked = answer.targets;
  map.missing = answer.missing;
  map.dropped_keys = answer.dropped_keys;
  map.notes = answer.notes;
  map.sums.assign(map.keys.size(), NotMerged{});
  for (std::size_t i = 0; i < answer.sums.size(); ++i) map.sums[numbers[i]] = answer.sums[i];
  map.hosts.clear();
  for (const HostValues& host : answer.hosts) {
    HostColumn& column = map.hosts.emplace_back(HostColumn{host.target(), {}});
    column.values.reserve(host.size());
    for (std::size_t i = 0; i < host.size(); ++i) column.values.emplace_back(numbers[host.keys()[i]], host.value(i));
    std::ranges::sort(column.values, {}, [](const auto& value) { return value.first; });
  }
}

void MapCollector::on_fault(std::string_view map, std::string_view what) {
  std::vector<std::string>& faults = collected(std::string(map)).map.faults;
  if (std::ranges::find(faults, what) == faults.end()) faults.emplace_back(what);
}

void MapCollector::on_lost(const std::string& map) {
  Collected& one = collected(map);
  Map empty;
  empty.name = map;
  empty.faults = std::move(one.map.faults);
  one.map = std::move(empty);
  one.keys.clear();
  one.series = {};
  one.moments.clear();
  one.prints = 0;
  one.has_last = false;
  on_fault(map, "what hosts had printed of it");
}

void MapCollector::take_moments(Collected& one) const {
  Map& map = one.map;
  if (has_stacks(map)) return;  // They have flame graphs.
  map.cumulative = is_cumulative(map);
  if (const std::string_view why = why_not_over_time(map.name); one.prints > 1 && !why.empty()) {
    map.notes.emplace_back(why);
  }
  map.series = one.series.take(map.cumulative, map.notes);
  const std::size_t left_out = keep_same_hosts(one.moments);
  const bool stand_alone = left_out > 0 && one.moments.size() < 2;
  if (!stand_alone) {
    for (Moment& moment : one.moments) map.snapshots.push_back(std::move(moment.snapshot));
  }
  if (left_out == 0) return;
  map.notes.push_back(stand_alone ? std::string(kNeverTheSameHosts)
                                  : "moments at which others than the same " +
                                        std::to_string(one.moments.front().hosts->size()) +
                                        " hosts had printed it are not shown over time: " + std::to_string(left_out));
}

std::vector<Map> MapCollector::take() {
  std::vector<Map> maps;
  for (Collected& one : maps_) {
    take_moments(one);
    one.map.stacks = stack_order(script_, one.map.name);
    maps.push_back(std::move(one.map));
  }
  maps_.clear();
  return maps;
}

}  // namespace stapsh::client::report
