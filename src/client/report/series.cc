// SPDX-License-Identifier: Apache-2.0
#include "client/report/series.h"

#include <algorithm>
#include <unordered_map>

#include "client/report/stack_key.h"
#include "client/report/thin_out.h"

namespace stapsh::client::report {
namespace {

using KeyNumber = std::pair<std::string, Number>;

// Kept of a moment, and shown of all: a line more would be one too many to tell apart.
constexpr std::size_t kKeysOfMoment = 20, kLines = 6;

}  // namespace

void SeriesCollector::on_snapshot(const Answer& answer) {
  if (has_stacks_) return;
  std::vector<std::pair<Number, std::size_t>> order;
  for (std::size_t key = 0; key < answer.keys.size(); ++key) {
    if (const auto* number = std::get_if<Number>(&answer.sums[key])) order.emplace_back(*number, key);
  }
  const std::size_t kept = std::min(order.size(), kKeysOfMoment);
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(kept),
                            [](const auto& one, const auto& other) {
                              return one.first != other.first ? one.first > other.first : one.second < other.second;
                            });
  Moment moment{answer.at, hosts_of(answer, moments_.empty() ? nullptr : moments_.back().hosts), {}};
  for (std::size_t i = 0; i < kept; ++i) moment.largest.emplace_back(answer.keys[order[i].second], order[i].first);
  moment.whole = kept == answer.keys.size() && answer.dropped_keys == 0;
  has_stacks_ =
      std::ranges::any_of(moment.largest, [](const KeyNumber& one) { return parse_stack_key(one.first).has_value(); });
  if (has_stacks_) return moments_.clear();
  moments_.push_back(std::move(moment));
  thin_out_beyond_limit(moments_);
}

// By the most that they ever were.
std::vector<std::string> SeriesCollector::largest_keys() const {
  std::unordered_map<std::string, Number> peaks;
  for (const Moment& moment : moments_) {
    for (const auto& [key, number] : moment.largest) {
      const auto [peak, is_first] = peaks.try_emplace(key, number);
      if (!is_first) peak->second = std::max(peak->second, number);
    }
  }
  std::vector<KeyNumber> order(peaks.begin(), peaks.end());
  std::ranges::sort(order, [](const KeyNumber& one, const KeyNumber& other) {
    return one.second != other.second ? one.second > other.second : one.first < other.first;
  });
  if (order.size() > kLines) order.resize(kLines);
  std::vector<std::string> keys;
  keys.reserve(order.size());
  for (KeyNumber& one : order) keys.push_back(std::move(one.first));
  return keys;
}

// What was counted since the beginning and was not there yet is nothing so far, if all that was there is known.
SeriesCollector::Line SeriesCollector::line_of(const std::string& key, bool cumulative) const {
  Line line;
  bool was_there = false;
  for (const Moment& moment : moments_) {
    const auto found = std::ranges::find(moment.largest, key, &KeyNumber::first);
    std::optional<Number>& number = line.emplace_back();
    if (found != moment.largest.end()) {
      number = found->second;
      was_there = true;
    } else if (cumulative && moment.whole && !was_there) {
      number = 0;
    }
  }
  return line;
}

std::optional<Series> SeriesCollector::take(bool cumulative, std::vector<std::string>& notes) {
  Series series;
  series.cumulative = cumulative;
  series.left_out = keep_same_hosts(moments_);
  if (moments_.size() < 2) {
    if (series.left_out > 0) notes.emplace_back(kNeverTheSameHosts);
    return std::nullopt;
  }
  series.hosts = moments_.front().hosts->size();
  series.keys = largest_keys();
  if (series.keys.empty()) return std::nullopt;
  for (const Moment& moment : moments_) series.at.push_back(moment.at);
  for (const std::string& key : series.keys) series.lines.push_back(line_of(key, cumulative));
  moments_.clear();
  return series;
}

}  // namespace stapsh::client::report
