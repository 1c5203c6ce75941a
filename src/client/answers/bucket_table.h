// SPDX-License-Identifier: Apache-2.0
// The bounds of buckets of one map, each once for all hosts: a bucket of a host is then two small numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "client/answers/value.h"

namespace stapsh::client {

/// Index of bounds in a BucketTable.
using BoundsIndex = std::uint16_t;

class BucketTable {
 public:
  /// lhist() has at most 1,002 of them, hist() of all versions some hundreds.
  static constexpr std::size_t kBoundsMax = 8'192;

  /// None: there are too many different ones already.
  std::optional<BoundsIndex> find_or_add(const Bucket& bucket);
  /// With a count of 0.
  [[nodiscard]] const Bucket& bounds(BoundsIndex index) const { return bounds_[index]; }
  [[nodiscard]] std::size_t size() const { return bounds_.size(); }

 private:
  std::vector<Bucket> bounds_;
  std::vector<BoundsIndex> sorted_;  // By their bounds.
  std::size_t last_ = 0;             // In sorted_: a host's next bucket is most often the next one.
};

}  // namespace stapsh::client
