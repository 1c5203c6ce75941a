// SPDX-License-Identifier: Apache-2.0
#include "client/answers/deviation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

namespace stapsh::client {
namespace {

// Of fleets of equal hosts so many may have one named. The test generates fleets and counts.
constexpr double kFalseAlarms = 0.01;
// From the fleet's own middle, in robust standard deviations: hosts that do different work differ, and are no news.
constexpr double kSpreadsMin = 6;
constexpr double kMadToDeviation = 1.4826;  // Of a normal distribution.
// The largest of many values varies more than their number, and its distribution is skewed.
constexpr double kSpreadsMinUncounted = 8;
// Less is not worth a look: a bucket (a doubling, where buckets double), twice as much, a tenth of all.
constexpr double kBucketsMin = 1, kAmountMin = 1, kShareMin = 0.1;
constexpr double kMiddle = 0.5, kTail = 0.99;
constexpr std::size_t kNamedMax = 32;  // Where more are unlike the others, there are no others.
constexpr double kValuesMin = 30;      // Fewer say nothing of a distribution.

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// How far each value is from the others' middle, and how far these usually are.
struct Usual {
  explicit Usual(const std::vector<double>& values) : middle(median_of(values)) {
    std::vector<double> distances;
    distances.reserve(values.size());
    for (const double value : values) distances.push_back(std::abs(value - middle));
    deviation = kMadToDeviation * median_of(std::move(distances));
  }
  [[nodiscard]] bool is_far(double value, double spreads = kSpreadsMin) const {
    return std::abs(value - middle) > spreads * deviation;
  }
  double middle;
  double deviation = 0;
};

// The part of the normal distribution beyond which so little lies, on both sides. An upper bound: Mills' ratio.
double significant_z(double chance) {
  double z = 1;
  while (2 * std::exp(-z * z / 2) / (z * std::sqrt(2 * M_PI)) > chance) z += 0.05;
  return z;
}

double entropy_term(double count, double share) { return count > 0 ? count * std::log(share) : 0; }

// Whether two shares are of one population: the likelihood ratio of two binomials, as a normal deviate. Unlike the
// difference over its standard deviation it holds for few and for rare.
double share_z(double part_a, double all_a, double part_b, double all_b) {
  if (all_a <= 0 || all_b <= 0) return 0;
  const double pooled = (part_a + part_b) / (all_a + all_b);
  if (pooled <= 0 || pooled >= 1) return 0;
  const auto log_likelihood = [](double part, double all, double share) {
    return entropy_term(part, share) + entropy_term(all - part, 1 - share);
  };
  const double apart = log_likelihood(part_a, all_a, part_a / all_a) + log_likelihood(part_b, all_b, part_b / all_b);
  const double together = log_likelihood(part_a, all_a, pooled) + log_likelihood(part_b, all_b, pooled);
  return std::sqrt(std::max(0.0, 2 * (apart - together)));
}

void sort_farthest_first(std::vector<Deviation>& found) {
  std::ranges::stable_sort(found, std::greater{}, &Deviation::distance);
}

// Histograms on one axis: a column for each bucket that any host has.
class Axis {
 public:
  explicit Axis(std::span<const Histogram* const> hosts) {
    for (const Histogram* host : hosts) {
      if (host == nullptr) continue;
      for (const Bucket& bucket : *host) columns_.emplace(order_of(bucket), 0);
    }
    std::size_t at = 0;
    for (auto& [order, column] : columns_) column = at++;
  }
  [[nodiscard]] std::size_t size() const { return columns_.size(); }
  /// How many values are in each column and all below it.
  [[nodiscard]] std::vector<double> cumulated(const Histogram& histogram) const {
    std::vector<double> counts(size());
    for (const Bucket& bucket : histogram) counts[columns_.at(order_of(bucket))] += static_cast<double>(bucket.count);
    std::partial_sum(counts.begin(), counts.end(), counts.begin());
    return counts;
  }

 private:
  // What is open below comes first.
  static std::pair<bool, std::int64_t> order_of(const Bucket& bucket) {
    return {bucket.min.has_value(), bucket.min.value_or(0)};
  }
  std::map<std::pair<bool, std::int64_t>, std::size_t> columns_;
};

// Where a share of the values ends, in columns. Between two of them what is above falls off evenly in its logarithm, as
// tails do: p99 lies in a bucket of which the most is at its lower end.
double position_of(const std::vector<double>& cumulated, double share) {
  const double all = cumulated.back();
  const double place = std::max(1.0, all * share);
  const auto column = static_cast<std::size_t>(std::ranges::lower_bound(cumulated, place) - cumulated.begin());
  const auto above = [&](double below) { return std::log(std::max(all - below, 0.5)); };
  const double begin = above(column == 0 ? 0 : cumulated[column - 1]), end = above(cumulated[column]);
  return static_cast<double>(column) + (begin > end ? (begin - above(place)) / (begin - end) : 0.5);
}

// How a host's values lie beside all others', in columns; more than 0: they are larger.
struct Shift {
  double moved = 0;             // On average,
  double distance = 0;          // and whichever way;
  double middle = 0, tail = 0;  // p50 and p99.
  double z = 0;                 // Whether it is chance, where the two are divided least alike.
};

Shift shift_of(const std::vector<double>& own, const std::vector<double>& all) {
  Shift shift;
  std::vector<double> rest(all);
  for (std::size_t i = 0; i < all.size(); ++i) rest[i] -= own[i];
  const double count = own.back(), others = rest.back();
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const double above = rest[i] / others - own[i] / count;
    shift.moved += above;
    shift.distance += std::abs(above);
    shift.z = std::max(shift.z, share_z(own[i], count, rest[i], others));
  }
  shift.middle = position_of(own, kMiddle) - position_of(rest, kMiddle);
  shift.tail = position_of(own, kTail) - position_of(rest, kTail);
  return shift;
}

struct Compared {
  std::size_t host;
  std::vector<double> cumulated;
};

// Who of these is farthest from the others, if it stands out.
std::optional<Deviation> farthest(const std::vector<Compared>& hosts, double z_min) {
  std::vector<double> all(hosts.front().cumulated.size());
  for (const Compared& each : hosts) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += each.cumulated[i];
  }
  std::vector<Shift> shifts;
  std::vector<double> moves, middles, tails;
  for (const Compared& each : hosts) {
    const Shift& shift = shifts.emplace_back(shift_of(each.cumulated, all));
    moves.push_back(shift.moved);
    middles.push_back(shift.middle);
    tails.push_back(shift.tail);
  }
  const Usual usual_moves(moves), usual_middles(middles), usual_tails(tails);
  const auto stands_out = [](double buckets, const Usual& usual) {
    return std::abs(buckets) > kBucketsMin && usual.is_far(buckets);
  };
  std::optional<Deviation> found;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const Shift& shift = shifts[i];
    if (shift.z < z_min) continue;
    Deviation deviation{hosts[i].host};
    if (stands_out(shift.moved, usual_moves) || stands_out(shift.middle, usual_middles)) {
      deviation.distance = shift.distance;
      deviation.more = std::abs(shift.moved) > std::abs(shift.middle) ? shift.moved > 0 : shift.middle > 0;
    } else if (stands_out(shift.tail, usual_tails)) {
      deviation = {hosts[i].host, Deviation::What::kTail, std::abs(shift.tail), shift.tail > 0};
    } else {
      continue;
    }
    if (!found || deviation.distance > found->distance) found = deviation;
  }
  return found;
}

}  // namespace

std::vector<Deviation> compare_histograms(std::span<const Histogram* const> hosts, std::size_t comparisons) {
  const Axis axis(hosts);
  if (axis.size() == 0) return {};
  std::vector<Compared> compared;
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    if (hosts[host] == nullptr) continue;
    compared.push_back({host, axis.cumulated(*hosts[host])});
    if (compared.back().cumulated.back() < kValuesMin) compared.pop_back();
  }
  const double z_min = significant_z(
      kFalseAlarms / static_cast<double>(std::max<std::size_t>(compared.size(), 1) * axis.size() * comparisons));
  std::vector<Deviation> found;
  // One after the other: a host that is far off makes the others look far from the rest.
  while (compared.size() >= kComparedHostsMin && found.size() < kNamedMax) {
    const std::optional<Deviation> next = farthest(compared, z_min);
    if (!next) break;
    found.push_back(*next);
    std::erase_if(compared, [&](const Compared& each) { return each.host == next->host; });
  }
  sort_farthest_first(found);
  return found;
}

std::vector<Deviation> compare_amounts(std::span<const double> hosts, bool counted, std::size_t comparisons) {
  if (hosts.size() < kComparedHostsMin) return {};
  if (std::ranges::any_of(hosts, [](double each) { return each < 0; })) return {};  // What is twice minus three?
  const double middle = median_of({hosts.begin(), hosts.end()});
  // Of nothing there is no double: a thing that happened is something, though.
  const auto doublings = [&](double amount) { return std::log2((amount + 1) / (middle + 1)); };
  std::vector<double> all;
  for (const double each : hosts) all.push_back(doublings(each));
  const Usual usual(all);
  const double z_min = significant_z(kFalseAlarms / static_cast<double>(hosts.size() * comparisons));
  std::vector<Deviation> found;
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    if (std::abs(all[host]) < kAmountMin) continue;
    if (!usual.is_far(all[host], counted ? kSpreadsMin : kSpreadsMinUncounted)) continue;
    const double z = std::abs(hosts[host] - middle) / std::sqrt(hosts[host] + middle);
    if (counted && z < z_min) continue;
    found.push_back({host, Deviation::What::kAmount, std::abs(all[host]), all[host] > 0});
  }
  sort_farthest_first(found);
  return found;
}

std::vector<Deviation> compare_shares(std::span<const double> parts, std::span<const double> wholes, bool counted,
                                      std::size_t comparisons) {
  std::vector<std::size_t> compared;
  std::vector<double> shares;
  double part = 0, whole = 0;
  for (std::size_t host = 0; host < parts.size(); ++host) {
    if (wholes[host] < kValuesMin) continue;
    compared.push_back(host);
    shares.push_back(parts[host] / wholes[host]);
    part += parts[host];
    whole += wholes[host];
  }
  if (compared.size() < kComparedHostsMin) return {};
  const Usual usual(shares);
  const double z_min = significant_z(kFalseAlarms / static_cast<double>(compared.size() * comparisons));
  std::vector<Deviation> found;
  for (std::size_t i = 0; i < compared.size(); ++i) {
    const std::size_t host = compared[i];
    const double difference = shares[i] - usual.middle;
    if (std::abs(difference) < kShareMin || !usual.is_far(shares[i])) continue;
    if (counted && share_z(parts[host], wholes[host], part - parts[host], whole - wholes[host]) < z_min) continue;
    found.push_back({host, Deviation::What::kShare, std::abs(difference), difference > 0});
  }
  sort_farthest_first(found);
  return found;
}

}  // namespace stapsh::client
