// SPDX-License-Identifier: Apache-2.0
// Which hosts said something at a moment. Sums of other hosts are no growth and no fall, however many hosts there are:
// what is shown over time is of the same hosts throughout. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "client/answers/answer.h"

namespace stapsh::client::report {

/// Their targets, in ascending order. Moments share it, for a fleet mostly is the same.
using HostSet = std::shared_ptr<const std::vector<std::size_t>>;

/// Those of `answer`; `before` itself, which may be none, where they are the same.
HostSet hosts_of(const Answer& answer, const HostSet& before);

/// The fullest of those that are there twice or more, else the fullest. Of equal ones the more frequent. `sets`: not
/// empty.
HostSet fullest_set(const std::vector<HostSet>& sets);

/// Takes out the moments of others than the fullest set, by their member `hosts`, and says how many these were.
template <typename Moment>
std::size_t keep_same_hosts(std::vector<Moment>& moments) {
  if (moments.empty()) return 0;
  std::vector<HostSet> sets;
  sets.reserve(moments.size());
  for (const Moment& moment : moments) sets.push_back(moment.hosts);
  const HostSet kept = fullest_set(sets);
  return std::erase_if(moments, [&](const Moment& moment) { return *moment.hosts != *kept; });
}

}  // namespace stapsh::client::report
