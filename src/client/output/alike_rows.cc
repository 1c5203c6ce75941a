// SPDX-License-Identifier: Apache-2.0
#include "client/output/alike_rows.h"

#include <algorithm>

namespace stapsh::client {
namespace {

constexpr double kFirstDistance = 0.01, kGrowth = 1.5;

using Groups = std::vector<std::vector<std::size_t>>;

}  // namespace

Groups group_alike(const std::vector<bool>& alone, const AlikeOptions& options,
                   const std::function<double(std::size_t, std::size_t)>& distance) {
  double reach = options.distance_max;
  while (true) {
    Groups groups;
    std::vector<std::size_t> shared;  // Indices of groups that take more.
    for (std::size_t row = 0; row < alone.size() && groups.size() <= options.groups_max; ++row) {
      if (alone[row] && groups.size() + 1 < options.groups_max) {
        groups.push_back({row});
        continue;
      }
      double nearest = reach;
      auto* home = static_cast<std::vector<std::size_t>*>(nullptr);
      for (const std::size_t group : shared) {
        const double far = distance(groups[group].front(), row);
        if (far > nearest || (far == nearest && home != nullptr)) continue;
        nearest = far;
        home = &groups[group];
      }
      if (home != nullptr) {
        home->push_back(row);
      } else {
        shared.push_back(groups.size());
        groups.push_back({row});
      }
    }
    if (groups.size() <= options.groups_max) return groups;
    reach = std::max(reach * kGrowth, kFirstDistance);
  }
}

}  // namespace stapsh::client
