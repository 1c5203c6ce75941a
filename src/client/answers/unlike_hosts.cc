// SPDX-License-Identifier: Apache-2.0
#include "client/answers/unlike_hosts.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>

#include "client/answers/largest_keys.h"

namespace stapsh::client {
namespace {

constexpr double kFleetShareMin = 0.01;  // A key that is rarer everywhere is no part of the picture.
constexpr std::size_t kKeysAtOnce = 32;

// A number that says how much a host has of a key: a mean of what it measured, or a count.
std::optional<double> amount_of(const Value& value) {
  if (const auto* number = std::get_if<Number>(&value)) return to_double(*number);
  const auto* stats = std::get_if<Stats>(&value);
  if (stats == nullptr || stats->count == 0) return std::nullopt;
  return to_double(stats->total) / to_double(stats->count);
}

// Of all its keys together. Most hosts have numbers alone, and there are ten thousand hosts.
double whole_amount(const HostValues& host) {
  double whole = 0;
  for (const std::int64_t number : host.numbers()) whole += static_cast<double>(number);
  if (!host.numbers().empty()) return whole;
  for (std::size_t i = 0; i < host.size(); ++i) whole += amount_of(host.value(i)).value_or(0);
  return whole;
}

std::optional<double> amount_at(const HostValues& host, std::optional<std::size_t> position) {
  if (!position) return std::nullopt;
  if (!host.numbers().empty()) return static_cast<double>(host.numbers()[*position]);
  return amount_of(host.value(*position));
}

// Where hosts have some keys. Most often all have the same ones: then it is looked up once.
class Positions {
 public:
  explicit Positions(std::span<const KeyIndex> wanted) : wanted_(wanted), found_(wanted.size()) {}

  std::span<const std::optional<std::size_t>> in(const HostValues& host) {
    const std::span<const KeyIndex> keys = host.keys();
    if (keys.data() == keys_) return found_;
    keys_ = keys.data();
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const auto at = std::ranges::lower_bound(keys, wanted_[i]);
      const bool is_there = at != keys.end() && *at == wanted_[i];
      found_[i] = is_there ? std::optional(static_cast<std::size_t>(at - keys.begin())) : std::nullopt;
    }
    return found_;
  }

 private:
  std::span<const KeyIndex> wanted_;
  const KeyIndex* keys_ = nullptr;
  std::vector<std::optional<std::size_t>> found_;
};

class Comparison {
 public:
  Comparison(const Answer& answer, std::size_t keys_max) : answer_(answer), keys_max_(keys_max) {
    for (std::size_t host = 0; host < answer.hosts.size(); ++host) {
      // Who was lost has counted for a shorter time, and only that would be found.
      const bool lost = std::ranges::any_of(
          answer.missing, [&](const Missing& missing) { return missing.target == answer.hosts[host].target(); });
      if (!lost) whole_.push_back(host);
    }
  }

  std::vector<UnlikeHost> run() {
    switch (answer_.kind) {
      case MapKind::kHist:
      case MapKind::kLhist:
        compare_distributions();
        break;
      case MapKind::kCount:
      case MapKind::kSum:
        if (answer_.keyed) {
          compare_parts();
        } else {
          compare_key(0, 1);
        }
        break;
      case MapKind::kMin:
      case MapKind::kMax:
      case MapKind::kAvg:
      case MapKind::kStats:
        for (const KeyIndex key : largest_keys(answer_, keys_max_))
          compare_key(key, std::min(answer_.keys.size(), keys_max_));
        break;
      case MapKind::kOther:
        break;
    }
    return farthest_of_each();
  }

 private:
  void compare_distributions() {
    const std::vector<KeyIndex> keys = largest_keys(answer_, keys_max_);
    for (const KeyIndex key : keys) {
      if (!std::holds_alternative<Histogram>(answer_.sums[key])) continue;
      std::vector<std::optional<Value>> values;
      for (const HostValues& host : answer_.hosts) values.push_back(host.find(key));
      std::vector<const Histogram*> histograms;
      histograms.reserve(values.size());
      for (const auto& value : values) histograms.push_back(value ? std::get_if<Histogram>(&*value) : nullptr);
      for (const Deviation& deviation : compare_histograms(histograms, keys.size())) {
        add(answer_.hosts[deviation.host], key, deviation, 0, 0);
      }
    }
  }

  [[nodiscard]] bool is_merged(KeyIndex key) const { return !std::holds_alternative<NotMerged>(answer_.sums[key]); }

  void compare_key(KeyIndex key, std::size_t comparisons) {
    if (!is_merged(key)) return;
    std::vector<std::size_t> hosts;
    std::vector<double> amounts;
    Positions positions(std::span(&key, 1));
    for (const std::size_t host : whole_) {
      const std::optional<double> amount = amount_at(answer_.hosts[host], positions.in(answer_.hosts[host]).front());
      if (!amount) continue;
      hosts.push_back(host);
      amounts.push_back(*amount);
    }
    compare(hosts, amounts, answer_.keyed ? std::optional(key) : std::nullopt, comparisons);
  }

  void compare(const std::vector<std::size_t>& hosts, const std::vector<double>& amounts, std::optional<KeyIndex> key,
               std::size_t comparisons) {
    for (const Deviation& deviation : compare_amounts(amounts, answer_.kind == MapKind::kCount, comparisons)) {
      add(answer_.hosts[hosts[deviation.host]], key, deviation, amounts[deviation.host], middle_of(amounts));
    }
  }

  // All of it, and how it is divided among keys.
  void compare_parts() {
    // Hosts of which one has another kind of value there are parts of nothing.
    for (KeyIndex key = 0; key < answer_.sums.size(); ++key) {
      if (!is_merged(key)) return;
    }
    std::vector<double> wholes;
    double fleet = 0;
    for (const std::size_t host : whole_) {
      const double whole = whole_amount(answer_.hosts[host]);
      wholes.push_back(whole);
      fleet += whole;
    }
    if (std::ranges::any_of(wholes, [](double whole) { return whole < 0; })) return;  // No parts of a whole.
    compare(whole_, wholes, std::nullopt, 1 + keys_max_);
    const std::vector<KeyIndex> keys = largest_keys(answer_, keys_max_);
    for (std::size_t first = 0; first < keys.size(); first += kKeysAtOnce) {
      const auto some = std::span(keys).subspan(first, std::min(kKeysAtOnce, keys.size() - first));
      const std::vector<std::vector<double>> parts = parts_of(some);
      for (std::size_t i = 0; i < some.size(); ++i) compare_part(some[i], parts[i], wholes, fleet);
    }
  }

  // Of each key, those of all hosts. Host by host, since what one has of all keys lies together.
  std::vector<std::vector<double>> parts_of(std::span<const KeyIndex> keys) {
    std::vector<std::vector<double>> parts(keys.size(), std::vector<double>(whole_.size()));
    Positions positions(keys);
    for (std::size_t host = 0; host < whole_.size(); ++host) {
      const HostValues& values = answer_.hosts[whole_[host]];
      const auto found = positions.in(values);
      for (std::size_t key = 0; key < keys.size(); ++key) parts[key][host] = amount_at(values, found[key]).value_or(0);
    }
    return parts;
  }

  void compare_part(KeyIndex key, const std::vector<double>& parts, const std::vector<double>& wholes, double fleet) {
    if (std::ranges::any_of(parts, [](double part) { return part < 0; })) return;
    if (std::accumulate(parts.begin(), parts.end(), 0.0) < kFleetShareMin * fleet) return;
    std::vector<double> shares;
    for (std::size_t i = 0; i < parts.size(); ++i) shares.push_back(wholes[i] > 0 ? parts[i] / wholes[i] : 0);
    for (const Deviation& deviation :
         compare_shares(parts, wholes, answer_.kind == MapKind::kCount, std::min(answer_.keys.size(), keys_max_))) {
      add(answer_.hosts[whole_[deviation.host]], key, deviation, shares[deviation.host], middle_of(shares));
    }
  }

  static double middle_of(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
  }

  void add(const HostValues& host, std::optional<KeyIndex> key, const Deviation& deviation, double own, double others) {
    found_.push_back({host.target(), key, deviation.what, deviation.distance, deviation.more, own, others});
  }

  std::vector<UnlikeHost> farthest_of_each() {
    std::ranges::stable_sort(found_, std::greater{}, &UnlikeHost::distance);
    std::vector<UnlikeHost> each;
    for (const UnlikeHost& host : found_) {
      const bool known = std::ranges::any_of(each, [&](const UnlikeHost& one) { return one.target == host.target; });
      if (!known) each.push_back(host);
    }
    return each;
  }

  const Answer& answer_;
  std::size_t keys_max_;
  std::vector<std::size_t> whole_;  // Hosts that ran to their end.
  std::vector<UnlikeHost> found_;
};

}  // namespace

std::vector<UnlikeHost> unlike_hosts(const Answer& answer, std::size_t keys_max) {
  if (answer.hosts.size() < kComparedHostsMin) return {};
  return Comparison(answer, keys_max).run();
}

}  // namespace stapsh::client
