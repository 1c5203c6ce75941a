// SPDX-License-Identifier: Apache-2.0
// Which of many hosts is not like the others. A host stands out if the difference is more than chance, more than hosts
// of this fleet differ among themselves, and large enough to look at; all three, so that a fleet of equal hosts names
// nobody, however much it measured. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "client/answers/value.h"

namespace stapsh::client {

struct Deviation {
  enum class What {
    kWhole,   ///< All of its distribution is elsewhere: `distance` in buckets (earth mover's distance).
    kTail,    ///< Its slowest (or largest) hundredth is: `distance` in buckets of p99.
    kAmount,  ///< It has more or less: `distance` in doublings.
    kShare,   ///< A key's part of it is larger or smaller: `distance` from 0 to 1.
  };
  std::size_t host = 0;  ///< Index into what was compared.
  What what = What::kWhole;
  double distance = 0;
  bool more = true;  ///< Than the others.
};

/// The least number of hosts of which one can be said to be unlike the others.
inline constexpr std::size_t kComparedHostsMin = 3;

/// Of histograms with the same bounds; null: this host has none. The farthest first.
/// `comparisons`: how many such questions are asked at once, so that their chances don't add up.
std::vector<Deviation> compare_histograms(std::span<const Histogram* const> hosts, std::size_t comparisons = 1);

/// Of one number each. `counted`: it is a number of things that happened, which varies by chance.
std::vector<Deviation> compare_amounts(std::span<const double> hosts, bool counted, std::size_t comparisons = 1);

/// How much of `wholes` each part is; both are numbers of things that happened if `counted`.
std::vector<Deviation> compare_shares(std::span<const double> parts, std::span<const double> wholes, bool counted,
                                      std::size_t comparisons = 1);

}  // namespace stapsh::client
