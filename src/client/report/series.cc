// SPDX-License-Identifier: Apache-2.0
#include "client/report/series.h"

#include <algorithm>
#include <unordered_map>

#include "client/report/thin_out.h"

namespace stapsh::client::report {
namespace {

using KeyNumber = std::pair<std::string, Number>;

// Kept of a moment, and shown of all: a line more would be one too many to tell apart.
constexpr std::size_t kKeysOfMoment = 20, kLines = 6;

// What was counted since the beginning only grows; a program that clears it starts again.
bool only_grows(const std::vector<std::optional<Number>>& line) {
  std::optional<Number> before;
  for (const std::optional<Number>& now : line) {
    if (now && before && *now < *before) return false;
    if (now) before = now;
  }
  return true;
}

}  // namespace

void SeriesCollector::on_snapshot(const Answer& answer) {
  std::vector<std::pair<Number, std::size_t>> order;
  for (std::size_t key = 0; key < answer.keys.size(); ++key) {
    if (const auto* number = std::get_if<Number>(&answer.sums[key])) order.emplace_back(*number, key);
  }
  const std::size_t kept = std::min(order.size(), kKeysOfMoment);
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(kept),
                            [](const auto& one, const auto& other) {
                              return one.first != other.first ? one.first > other.first : one.second < other.second;
                            });
  Moment moment{answer.at, answer.hosts.size(), {}};
  for (std::size_t i = 0; i < kept; ++i) moment.largest.emplace_back(answer.keys[order[i].second], order[i].first);
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

std::optional<Series> SeriesCollector::take(MapKind kind) {
  std::size_t fullest = 0;
  for (const Moment& moment : moments_) fullest = std::max(fullest, moment.hosts);
  Series series;
  series.left_out = std::erase_if(moments_, [&](const Moment& moment) { return moment.hosts < fullest; });
  series.hosts = fullest;
  if (moments_.size() < 2) return std::nullopt;
  series.keys = largest_keys();
  if (series.keys.empty()) return std::nullopt;
  for (const Moment& moment : moments_) series.at.push_back(moment.at);
  for (const std::string& key : series.keys) {
    std::vector<std::optional<Number>>& line = series.lines.emplace_back();
    for (const Moment& moment : moments_) {
      const auto found = std::ranges::find(moment.largest, key, &KeyNumber::first);
      line.push_back(found == moment.largest.end() ? std::nullopt : std::optional(found->second));
    }
  }
  const bool is_counted = kind == MapKind::kCount || kind == MapKind::kSum;
  series.cumulative = is_counted && std::ranges::all_of(series.lines, only_grows);
  moments_.clear();
  return series;
}

}  // namespace stapsh::client::report
