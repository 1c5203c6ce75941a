// SPDX-License-Identifier: Apache-2.0
#include "client/answers/quantile.h"

#include <algorithm>
#include <cmath>

namespace stapsh::client {

std::uint64_t count_of(const Histogram& histogram) {
  std::uint64_t count = 0;
  for (const Bucket& bucket : histogram) count += bucket.count;
  return count;
}

Histogram without(Histogram all, const Histogram& part) {
  auto from = all.begin();
  for (const Bucket& bucket : part) {
    from = std::find_if(from, all.end(),
                        [&](const Bucket& each) { return each.min == bucket.min && each.max == bucket.max; });
    if (from == all.end()) break;
    from->count -= std::min(from->count, bucket.count);
  }
  return all;
}

const Bucket* quantile(const Histogram& histogram, double share) {
  const double all = static_cast<double>(count_of(histogram));
  // As with a sorted list: the share's place, rounded up, from 1 on.
  const double place = std::max(1.0, std::ceil(all * share));
  double below = 0;
  for (const Bucket& bucket : histogram) {
    below += static_cast<double>(bucket.count);
    if (bucket.count > 0 && below >= place) return &bucket;
  }
  return nullptr;
}

}  // namespace stapsh::client
