// SPDX-License-Identifier: Apache-2.0
#include "client/report/host_set.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace stapsh::client::report {

HostSet hosts_of(const Answer& answer, const HostSet& before) {
  if (before && std::ranges::equal(*before, answer.hosts, {}, {}, &HostValues::target)) return before;
  auto targets = std::make_shared<std::vector<std::size_t>>();
  targets->reserve(answer.hosts.size());
  for (const HostValues& host : answer.hosts) targets->push_back(host.target());
  return targets;
}

HostSet fullest_set(const std::vector<HostSet>& sets) {
  const auto by_targets = [](const HostSet& one, const HostSet& other) { return *one < *other; };
  std::map<HostSet, std::size_t, decltype(by_targets)> times(by_targets);
  for (const HostSet& set : sets) ++times[set];
  const auto rank = [](const auto& one) { return std::tuple(one.second > 1, one.first->size(), one.second); };
  return std::ranges::max_element(times, {}, rank)->first;
}

}  // namespace stapsh::client::report
