// SPDX-License-Identifier: Apache-2.0
#include "client/report/map_collector.h"

#include <algorithm>

#include "client/answers/map_kind.h"
#include "client/report/stack_order.h"
#include "client/report/thin_out.h"

namespace stapsh::client::report {
namespace {

using KeySum = std::pair<KeyIndex, Sum>;

std::uint64_t count_in(const Histogram& histogram, const Bucket& of) {
  const auto bucket =
      std::ranges::find_if(histogram, [&](const Bucket& b) { return b.min == of.min && b.max == of.max; });
  return bucket == histogram.end() ? 0 : bucket->count;
}

// Whether nothing of `before` is less in `now`: so it is unless the program cleared the map in between.
bool goes_on(const Snapshot& before, const Snapshot& now) {
  return std::ranges::all_of(before.sums, [&](const KeySum& one) {
    const auto* old = std::get_if<Histogram>(&one.second);
    if (!old) return true;
    const auto same = std::ranges::lower_bound(now.sums, one.first, {}, &KeySum::first);
    const bool is_there = same != now.sums.end() && same->first == one.first;
    const auto* histogram = is_there ? std::get_if<Histogram>(&same->second) : nullptr;
    if (!histogram) return false;
    return std::ranges::all_of(*old,
                               [&](const Bucket& bucket) { return count_in(*histogram, bucket) >= bucket.count; });
  });
}

bool is_cumulative(const std::vector<Snapshot>& snapshots) {
  for (std::size_t i = 1; i < snapshots.size(); ++i) {
    if (!goes_on(snapshots[i - 1], snapshots[i])) return false;
  }
  return true;
}

// The sum of fewer hosts is less, and nothing has become less: such moments can't stand beside the others.
void keep_fullest(Map& map) {
  std::size_t fullest = 0;
  for (const Snapshot& snapshot : map.snapshots) fullest = std::max(fullest, snapshot.hosts);
  const std::size_t left_out =
      std::erase_if(map.snapshots, [&](const Snapshot& snapshot) { return snapshot.hosts < fullest; });
  if (left_out == 0) return;
  map.notes.push_back("moments at which fewer than " + std::to_string(fullest) +
                      " hosts had printed it are not shown over time: " + std::to_string(left_out));
}

}  // namespace

MapCollector::Collected& MapCollector::collected(const std::string& name) {
  const auto known = std::ranges::find(maps_, name, [](const Collected& one) { return one.map.name; });
  if (known != maps_.end()) return *known;
  maps_.emplace_back().map.name = name;
  return maps_.back();
}

void MapCollector::on_answer(const Answer& answer) {
  Collected& one = collected(answer.map);
  Map& map = one.map;
  const bool is_new = !answer.ordinal || !one.has_last;
  if (!is_histogram(answer.kind)) {
    // Over time only numbers are shown beside histograms, and few of them; of all else what was said last is all, and
    // nothing is kept of what it takes the place of.
    if (answer.ordinal && is_over_time(answer.kind)) one.series.on_snapshot(answer);
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
    }
    numbers.push_back(at->second);
  }
  if (answer.ordinal && is_histogram(answer.kind)) {
    Snapshot snapshot{answer.at, answer.hosts.size(), {}};
    for (std::size_t i = 0; i < answer.sums.size(); ++i) snapshot.sums.emplace_back(numbers[i], answer.sums[i]);
    std::ranges::sort(snapshot.sums, {}, &KeySum::first);
    map.snapshots.push_back(std::move(snapshot));
    thin_out_beyond_limit(map.snapshots);
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
  one.has_last = false;
  on_fault(map, "what hosts had printed of it");
}

std::vector<Map> MapCollector::take(std::string_view script) {
  std::vector<Map> maps;
  for (Collected& one : maps_) {
    keep_fullest(one.map);
    one.map.cumulative = is_cumulative(one.map.snapshots);
    one.map.series = one.series.take(one.map.kind);
    one.map.stacks = stack_order(script, one.map.name);
    maps.push_back(std::move(one.map));
  }
  maps_.clear();
  return maps;
}

}  // namespace stapsh::client::report
