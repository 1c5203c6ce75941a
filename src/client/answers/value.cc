// SPDX-License-Identifier: Apache-2.0
#include "client/answers/value.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>

#include "base/overloaded.h"

namespace stapsh::client {
namespace {

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

// Open ends last of all, so that buckets have one order.
auto order(const Bucket& bucket) {
  return std::tuple(bucket.min.has_value(), bucket.min.value_or(kLowest), !bucket.max.has_value(),
                    bucket.max.value_or(kHighest));
}

std::string as_json(const Value& value) {
  return std::visit(Overloaded{[](Number number) { return to_text(number); },
                               [](const Stats& stats) {
                                 return "{\"count\": " + to_text(stats.count) + ", \"total\": " + to_text(stats.total) +
                                        "}";
                               },
                               [](const Histogram& histogram) {
                                 return "\"histogram of " + std::to_string(histogram.size()) + " buckets\"";
                               },
                               [](const Text& text) { return text.json; }},
                    value);
}

// The elements are sorted: who was first makes no difference. A key that comes a million times has no list of a
// million.
Text list_of(const Value& one, const Value& other) {
  static const Text kTooMany{"\"more values than can be shown\""};
  constexpr std::size_t kListBytesMax = 1024;
  std::string first = as_json(one), second = as_json(other);
  if (first == kTooMany.json || second == kTooMany.json || first.size() + second.size() > kListBytesMax)
    return kTooMany;
  if (second < first) std::swap(first, second);
  return Text{"[" + first + ", " + second + "]"};
}

Histogram added(const Histogram& one, const Histogram& other) {
  Histogram all;
  std::merge(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(all), is_below);
  Histogram sum;
  for (const Bucket& bucket : all) {
    if (!sum.empty() && sum.back().min == bucket.min && sum.back().max == bucket.max) {
      sum.back().count = add_counts(sum.back().count, bucket.count);
    } else {
      sum.push_back(bucket);
    }
  }
  return sum;
}

}  // namespace

bool is_below(const Bucket& one, const Bucket& other) { return order(one) < order(other); }

bool overlap(const Bucket& one, const Bucket& other) {
  return one.min.value_or(kLowest) <= other.max.value_or(kHighest) &&
         other.min.value_or(kLowest) <= one.max.value_or(kHighest);
}

Value combine(MapKind kind, Value one, Value other) {
  if (one.index() != other.index()) return list_of(one, other);
  if (const auto* number = std::get_if<Number>(&one)) {
    const Number second = std::get<Number>(other);
    switch (kind) {
      case MapKind::kCount:
      case MapKind::kSum:
        return *number + second;
      case MapKind::kMin:
        return std::min(*number, second);
      case MapKind::kMax:
        return std::max(*number, second);
      default:
        return list_of(one, other);
    }
  }
  if (kind == MapKind::kStats) {
    if (const auto* stats = std::get_if<Stats>(&one)) {
      const auto& second = std::get<Stats>(other);
      return Stats{stats->count + second.count, stats->total + second.total};
    }
  }
  if (kind == MapKind::kHist || kind == MapKind::kLhist) {
    if (const auto* histogram = std::get_if<Histogram>(&one)) return added(*histogram, std::get<Histogram>(other));
  }
  return list_of(one, other);
}

}  // namespace stapsh::client
