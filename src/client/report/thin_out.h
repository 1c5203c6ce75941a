// SPDX-License-Identifier: Apache-2.0
// Moments of a run of days that prints each second: every other of them goes, again and again.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace stapsh::client::report {

template <typename Moment>
void thin_out_beyond_limit(std::vector<Moment>& moments) {
  constexpr std::size_t kMomentsMax = 2'000;
  if (moments.size() <= kMomentsMax) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < moments.size(); i += 2) moments[kept++] = std::move(moments[i]);
  moments.resize(kept);
}

}  // namespace stapsh::client::report
