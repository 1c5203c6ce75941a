// SPDX-License-Identifier: Apache-2.0
// What the values of all hosts are together. Pure: the order of hosts makes no difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "client/answers/host_values.h"
#include "client/answers/map_kind.h"
#include "client/answers/number.h"
#include "client/answers/value.h"

namespace stapsh::client {

/// Smallest, median and largest of the hosts: what is left of averages without counts. Of an even number of hosts the
/// lower one of the two in the middle: a value that a host said.
struct Spread {
  Number min = 0, median = 0, max = 0;
  std::size_t hosts = 0;
  bool operator==(const Spread&) const = default;
};
/// Of all hosts together.
struct NotMerged {
  std::string why;  ///< "" where the kind is kOther; else for a person: "hosts have different buckets".
  bool operator==(const NotMerged&) const = default;
};
using Sum = std::variant<NotMerged, Number, Stats, Histogram, Spread>;

class FleetSum {
 public:
  /// Of keys 0 to `keys` - 1.
  FleetSum(MapKind kind, std::size_t keys);

  /// Each host once; all of one map.
  void add(const HostValues& host);
  /// A sum for each key; once. A key that no host has is NotMerged.
  std::vector<Sum> take();

 private:
  enum class State : std::uint8_t { kNothing, kGood, kUnlike };  // kUnlike: not what values of this kind are.
  struct Said {
    KeyIndex key;
    Number number;
  };

  void add_number(KeyIndex key, Number number);
  void add_value(KeyIndex key, const HostValues& host, std::size_t position);
  void add_buckets(KeyIndex key, const HostValues& host, std::size_t position);
  [[nodiscard]] Sum sum_of(KeyIndex key) const;
  [[nodiscard]] Sum histogram_of(KeyIndex key) const;
  void put_spreads(std::vector<Sum>& sums);

  MapKind kind_;
  bool keyed_ = false, unkeyed_ = false;  // There is a host of either sort.
  std::vector<State> states_;
  // One of these is used, as the kind wants it; all but said_ are by key.
  std::vector<Number> numbers_;
  std::vector<Stats> stats_;
  std::vector<std::vector<std::uint64_t>> counts_;  // By BoundsIndex.
  std::vector<Said> said_;                          // All averages.
  std::shared_ptr<const BucketTable> buckets_;
};

}  // namespace stapsh::client
