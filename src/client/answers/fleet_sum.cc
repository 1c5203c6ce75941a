// SPDX-License-Identifier: Apache-2.0
#include "client/answers/fleet_sum.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

#include "client/answers/packed_value.h"

namespace stapsh::client {

namespace {

// Buckets of one lhist() are equally wide, and lie side by side. Those at its ends, or of 64 bits, are as wide as it
// takes.
bool may_be_of_one_lhist(const Histogram& histogram) {
  std::optional<Number> first, width;
  for (const Bucket& bucket : histogram) {
    if (!bucket.min || !bucket.max || *bucket.max == std::numeric_limits<std::int64_t>::max()) continue;
    const Number own = Number{*bucket.max} - *bucket.min + 1;
    if (!width) {
      first = *bucket.min;
      width = own;
    }
    if (own != *width || (*bucket.min - *first) % *width != 0) return false;
  }
  return true;
}

}  // namespace

FleetSum::FleetSum(MapKind kind, std::size_t keys) : kind_(kind), states_(keys) {
  switch (kind) {
    case MapKind::kCount:
    case MapKind::kSum:
    case MapKind::kMin:
    case MapKind::kMax:
      numbers_.resize(keys);
      break;
    case MapKind::kStats:
      stats_.resize(keys);
      break;
    case MapKind::kHist:
    case MapKind::kLhist:
      counts_.resize(keys);
      break;
    case MapKind::kAvg:
    case MapKind::kOther:
      break;
  }
}

void FleetSum::add(const HostValues& host) {
  (host.keyed() ? keyed_ : unkeyed_) = true;
  if (kind_ == MapKind::kOther) return;
  const std::span<const KeyIndex> keys = host.keys();
  const std::span<const std::int64_t> numbers = host.numbers();
  const bool adds = kind_ == MapKind::kCount || kind_ == MapKind::kSum;
  if (adds && !numbers.empty()) {
    // Most of all that is ever added. Most often every host has all keys.
    if (keys.size() == states_.size()) {
      for (std::size_t key = 0; key < keys.size(); ++key) numbers_[key] += numbers[key];
      for (State& state : states_) state = std::max(state, State::kGood);
      return;
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      numbers_[keys[i]] += numbers[i];
      State& state = states_[keys[i]];
      state = std::max(state, State::kGood);
    }
    return;
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!numbers.empty()) {
      add_number(keys[i], numbers[i]);
    } else if (!counts_.empty()) {
      add_buckets(keys[i], host, i);
    } else {
      add_value(keys[i], host, i);
    }
  }
}

void FleetSum::add_number(KeyIndex key, Number number) {
  State& state = states_[key];
  if (kind_ == MapKind::kAvg) {
    said_.push_back({key, number});
  } else if (numbers_.empty()) {
    state = State::kUnlike;
    return;
  } else if (state == State::kNothing) {
    numbers_[key] = number;
  } else if (kind_ == MapKind::kMin) {
    numbers_[key] = std::min(numbers_[key], number);
  } else if (kind_ == MapKind::kMax) {
    numbers_[key] = std::max(numbers_[key], number);
  } else {
    numbers_[key] += number;
  }
  state = std::max(state, State::kGood);
}

void FleetSum::add_value(KeyIndex key, const HostValues& host, std::size_t position) {
  const Value value = host.value(position);
  if (const auto* number = std::get_if<Number>(&value)) return add_number(key, *number);
  State& state = states_[key];
  const auto* stats = std::get_if<Stats>(&value);
  if (stats == nullptr || stats_.empty()) {
    state = State::kUnlike;
    return;
  }
  stats_[key].count += stats->count;
  stats_[key].total += stats->total;
  state = std::max(state, State::kGood);
}

void FleetSum::add_buckets(KeyIndex key, const HostValues& host, std::size_t position) {
  std::vector<std::uint64_t>& counts = counts_[key];
  const bool is_histogram = unpack_buckets(host.packed(position), [&](BoundsIndex index, std::uint64_t count) {
    if (index >= counts.size()) counts.resize(index + std::size_t{1});
    counts[index] = add_counts(counts[index], count);
  });
  buckets_ = host.content_->buckets;
  states_[key] = is_histogram ? std::max(states_[key], State::kGood) : State::kUnlike;
}

std::vector<Sum> FleetSum::take() {
  std::vector<Sum> sums(states_.size());
  if (kind_ == MapKind::kOther) return sums;
  if (keyed_ && unkeyed_) {
    std::fill(sums.begin(), sums.end(), NotMerged{"on some hosts it has keys, on others it has none"});
    return sums;
  }
  for (std::size_t key = 0; key < sums.size(); ++key) sums[key] = sum_of(static_cast<KeyIndex>(key));
  if (kind_ == MapKind::kAvg) put_spreads(sums);
  return sums;
}

Sum FleetSum::sum_of(KeyIndex key) const {
  switch (states_[key]) {
    case State::kNothing:
      return NotMerged{"no host has it"};
    case State::kUnlike:
      return NotMerged{"a host has something else than a " + std::string(kind_name(kind_)) + " there"};
    case State::kGood:
      break;
  }
  if (!stats_.empty()) return stats_[key];
  if (!counts_.empty()) return histogram_of(key);
  if (!numbers_.empty()) return numbers_[key];
  return Spread{};
}

Sum FleetSum::histogram_of(KeyIndex key) const {
  Histogram sum;
  for (std::size_t i = 0; i < counts_[key].size(); ++i) {
    if (counts_[key][i] == 0) continue;
    sum.push_back(buckets_->bounds(static_cast<BoundsIndex>(i)));
    sum.back().count = counts_[key][i];
  }
  std::sort(sum.begin(), sum.end(), is_below);
  const auto same_value_twice = std::adjacent_find(sum.begin(), sum.end(), overlap);
  const bool may_be_one = kind_ != MapKind::kLhist || may_be_of_one_lhist(sum);
  if (same_value_twice != sum.end() || !may_be_one) return NotMerged{"hosts have different buckets"};
  return sum;
}

void FleetSum::put_spreads(std::vector<Sum>& sums) {
  std::sort(said_.begin(), said_.end(), [](const Said& one, const Said& other) {
    return one.key != other.key ? one.key < other.key : one.number < other.number;
  });
  for (std::size_t begin = 0, end = 0; begin < said_.size(); begin = end) {
    while (end < said_.size() && said_[end].key == said_[begin].key) ++end;
    auto* spread = std::get_if<Spread>(&sums[said_[begin].key]);
    if (spread == nullptr) continue;  // A host said what is no number.
    const std::size_t hosts = end - begin;
    *spread = {said_[begin].number, said_[begin + (hosts - 1) / 2].number, said_[end - 1].number, hosts};
  }
}

}  // namespace stapsh::client
