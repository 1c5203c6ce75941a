// SPDX-License-Identifier: Apache-2.0
#include "client/answers/map_prints.h"

#include <algorithm>
#include <utility>

namespace stapsh::client {
namespace {

// For each key that any of `hosts` has, in order, its new name.
struct UsedKeys {
  std::vector<KeyIndex> names;  // By old name; of unused ones anything.
  std::vector<KeyIndex> used;   // By new name.
};

template <typename ForEachHost>
UsedKeys used_keys(std::size_t keys, const ForEachHost& for_each_host) {
  std::vector<char> is_used(keys);  // Bytes, not bits: neighbours don't wait for each other.
  for_each_host([&](const HostValues& host) {
    for (const KeyIndex key : host.keys()) is_used[key] = 1;
  });
  UsedKeys result;
  result.names.resize(keys);
  for (std::size_t key = 0; key < keys; ++key) {
    if (is_used[key] == 0) continue;
    result.names[key] = static_cast<KeyIndex>(result.used.size());
    result.used.push_back(static_cast<KeyIndex>(key));
  }
  return result;
}

// Where versions are mixed: it may be a sum of what a host has counted apart.
std::string joined_text(std::size_t hosts) {
  return "keys of " + std::to_string(hosts) + (hosts == 1 ? " host" : " hosts") +
         " that differ only in blanks, line ends or parentheses are one key here: bpftrace 0.24 and later print them "
         "alike";
}

}  // namespace

MapPrints::MapPrints(ProgramMap map, const FleetState& fleet, const AnswerOptions& options)
    : map_(std::move(map)),
      fleet_(fleet),
      options_(options),
      tables_{KeyTable(options.keys, options.hash_seed)},
      hosts_(fleet.hosts.size()) {}

void MapPrints::begin(ValuesBuilder& builder, bool keyed, std::size_t keys_max) {
  if (prints_until_forgetting_ > 0) --prints_until_forgetting_;
  if (tables_.keys.size() >= keys_max && prints_until_forgetting_ == 0) forget_unused_keys();
  builder.begin(map_.kind, tables_, keyed, keys_max);
}

void MapPrints::on_print(HostValues values, WallTime now) {
  Host& host = hosts_[values.target()];
  host.given_in.reset();
  if (fleet_.stopping || options_.live) {
    host.last = std::move(values);
    host.unreadable = false;
    return;
  }
  // A host that is behind what was given out said nothing then (an empty map is not printed), or started later.
  const std::size_t number = std::max(host.next_round, given_);
  host.next_round = number + 1;
  host.last = values;
  host.unreadable = false;
  // The program goes on: what is complete was no last print.
  for (std::size_t earlier = given_; earlier < number; ++earlier) {
    if (round(earlier).complete) round(earlier).forced = true;
  }
  while (rounds_.size() <= number - given_) rounds_.push_back({{}, 0, now, std::nullopt, false});
  round(number).values.push_back(std::move(values));
  ++round(number).running;
  round(number).complete.reset();  // Of those who had started before; now there is one more.
  check_complete(now);
  if (rounds_.size() > options_.rounds_max) rounds_.front().forced = true;
}

void MapPrints::check_complete(WallTime now) {
  for (Round& round : rounds_) {
    if (!round.complete && round.running == fleet_.running) round.complete = now;
  }
}

void MapPrints::on_ended(std::size_t target, WallTime now) {
  Host& host = hosts_[target];
  for (std::size_t number = given_; number < host.next_round; ++number) {
    Round& gave = round(number);
    const auto value = std::find_if(gave.values.begin(), gave.values.end(),
                                    [&](const HostValues& values) { return values.target() == target; });
    if (value == gave.values.end()) continue;
    --gave.running;
    // Its last print was that of its end.
    if (number + 1 == host.next_round) gave.values.erase(value);
  }
  while (!rounds_.empty() && rounds_.back().values.empty()) rounds_.pop_back();
  if (fleet_.running == 0) return on_stop();
  check_complete(now);
}

void MapPrints::on_stop() {
  for (Round& round : rounds_) round.forced = true;
}

WallTime MapPrints::deadline(const Round& round) const {
  if (round.forced) return WallTime::min();
  return round.complete ? *round.complete + options_.end_wait : round.begun + options_.round_wait;
}

std::optional<WallTime> MapPrints::next_deadline() const {
  if (rounds_.empty()) return std::nullopt;
  return deadline(rounds_.front());
}

std::optional<Answer> MapPrints::next_snapshot(WallTime now) {
  while (!rounds_.empty() && now >= deadline(rounds_.front())) {
    Round round = std::move(rounds_.front());
    rounds_.pop_front();
    const std::size_t number = given_++;
    if (round.values.empty()) continue;
    for (const HostValues& values : round.values) {
      Host& host = hosts_[values.target()];
      if (host.next_round == number + 1 && !host.given_in) host.given_in = number;
    }
    WallTime at = round.begun;
    for (const HostValues& values : round.values) at = std::max(at, values.at());
    Answer answer = answer_of(std::move(round.values), at, false);
    answer.ordinal = number;
    if (map_.printed_in_part) {
      answer.notes.emplace_back(
          "each host printed only its largest keys: what is not among them is not in the sums, and keys that are large "
          "only together may be missing");
    }
    if (map_.printed_divided) answer.notes.emplace_back("the program divides what it prints here");
    return answer;
  }
  return std::nullopt;
}

std::optional<Answer> MapPrints::last_values(WallTime now) const {
  std::vector<HostValues> values;
  bool said_before = true;
  for (const Host& host : hosts_) {
    if (!host.last) continue;
    values.push_back(*host.last);
    said_before = said_before && !host.unreadable && host.given_in && *host.given_in + 1 == given_;
  }
  if (values.empty()) return std::nullopt;
  Answer answer = answer_of(std::move(values), now, true);
  answer.said_before = said_before;
  return answer;
}

std::string MapPrints::why_missing(std::size_t target, bool has_values, bool is_last) const {
  const HostState& host = fleet_.hosts[target];
  if (host.ended && !host.ended_well) return host.why;
  const bool unreadable = hosts_[target].unreadable;
  if (has_values) return unreadable && is_last ? "what it printed last could not be read" : "";
  if (unreadable) return "what it printed could not be read";
  if (host.ended) return "no data";
  return host.started ? "no data yet" : "not started";
}

Answer MapPrints::answer_of(std::vector<HostValues> hosts, WallTime at, bool is_last) const {
  Answer answer;
  answer.map = map_.name;
  answer.kind = map_.kind;
  answer.at = at;
  answer.targets = fleet_.hosts.size();
  std::sort(hosts.begin(), hosts.end(),
            [](const auto& one, const auto& other) { return one.target() < other.target(); });
  const UsedKeys keys =
      used_keys(tables_.keys.size(), [&](const auto& visit) { std::for_each(hosts.begin(), hosts.end(), visit); });
  const bool all = keys.used.size() == tables_.keys.size();
  answer.keys.reserve(keys.used.size());
  for (const KeyIndex key : keys.used) answer.keys.emplace_back(tables_.keys.text(key));
  FleetSum sum(map_.kind, answer.keys.size());
  std::vector<bool> has_values(fleet_.hosts.size());
  std::size_t joining = 0;
  for (HostValues& host : hosts) {
    if (!all) host = host.renamed(keys.names);
    sum.add(host);
    answer.keyed = answer.keyed || host.keyed();
    answer.dropped_keys += host.dropped();
    has_values[host.target()] = true;
    joining += host.joined() > 0 ? 1 : 0;
  }
  if (joining > 0) answer.notes.push_back(joined_text(joining));
  answer.sums = sum.take();
  answer.hosts = std::move(hosts);
  for (std::size_t target = 0; target < has_values.size(); ++target) {
    std::string why = why_missing(target, has_values[target], is_last);
    if (!why.empty()) answer.missing.push_back({target, std::move(why)});
  }
  return answer;
}

template <typename Change>
void MapPrints::change_all(const Change& change) {
  for (Host& host : hosts_) {
    if (host.last) change(*host.last);
  }
  for (Round& round : rounds_) {
    for (HostValues& values : round.values) change(values);
  }
}

// Keys of what is over, such as threads that are gone, make room for new ones.
void MapPrints::forget_unused_keys() {
  const UsedKeys keys = used_keys(tables_.keys.size(), [&](const auto& visit) { change_all(visit); });
  constexpr std::size_t kWorthIt = 8;
  prints_until_forgetting_ = fleet_.running;
  if (tables_.keys.size() - keys.used.size() < tables_.keys.size() / kWorthIt) return;
  KeyTable kept(tables_.keys.matching(), options_.hash_seed);
  for (const KeyIndex key : keys.used) kept.find_or_add(tables_.keys.text(key));
  change_all([&](HostValues& values) { values = values.renamed(keys.names); });
  tables_.keys = std::move(kept);
}

void MapPrints::match_keys_loosely() {
  if (tables_.keys.matching() == KeyMatching::kLoose) return;
  const KeyTable exact = std::exchange(tables_.keys, KeyTable(KeyMatching::kLoose, options_.hash_seed));
  ValuesBuilder builder;
  change_all([&](HostValues& values) {
    builder.begin(map_.kind, tables_, values.keyed(), exact.size());
    builder.add_counts_of(values);
    for (std::size_t i = 0; i < values.size(); ++i) (void)builder.add(exact.text(values.keys()[i]), values.value(i));
    values = builder.finish(values.target(), values.at());
  });
}

}  // namespace stapsh::client
