// SPDX-License-Identifier: Apache-2.0
// Rows of many hosts made few: those that look alike are one. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace stapsh::client {

struct AlikeOptions {
  std::size_t groups_max = 40;  ///< At least 1.
  /// How far from a group's first row another one of it may be; more, where there would be too many groups.
  double distance_max = 0;
};

/// Groups of 0 to `alone.size()` - 1, each in ascending order, in the order of their first ones. A row that is `alone`
/// is a group of its own while there is room for it. `distance(a, b)`: 0 and up, never infinite.
std::vector<std::vector<std::size_t>> group_alike(const std::vector<bool>& alone, const AlikeOptions& options,
                                                  const std::function<double(std::size_t, std::size_t)>& distance);

}  // namespace stapsh::client
