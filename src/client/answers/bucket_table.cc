// SPDX-License-Identifier: Apache-2.0
#include "client/answers/bucket_table.h"

#include <algorithm>

namespace stapsh::client {

std::optional<BoundsIndex> BucketTable::find_or_add(const Bucket& bucket) {
  const auto is_it = [&](std::size_t at) {
    return at < sorted_.size() && bounds_[sorted_[at]].min == bucket.min && bounds_[sorted_[at]].max == bucket.max;
  };
  if (is_it(last_ + 1)) return sorted_[++last_];
  const auto found =
      std::lower_bound(sorted_.begin(), sorted_.end(), bucket,
                       [&](BoundsIndex one, const Bucket& other) { return is_below(bounds_[one], other); });
  last_ = static_cast<std::size_t>(found - sorted_.begin());
  if (is_it(last_)) return sorted_[last_];
  if (bounds_.size() == kBoundsMax) return std::nullopt;
  const auto index = static_cast<BoundsIndex>(bounds_.size());
  bounds_.push_back({bucket.min, bucket.max, 0});
  sorted_.insert(found, index);
  return index;
}

}  // namespace stapsh::client
