// SPDX-License-Identifier: Apache-2.0
// How a program makes a map, and so what its values of several hosts are together.
#pragma once

#include <cstdint>
#include <string_view>

namespace stapsh::client {

enum class MapKind : std::uint8_t {
  kCount,  ///< Hosts are added, as for the next one,
  kSum,
  kMin,    ///< the smallest,
  kMax,    ///< the largest of all hosts.
  kAvg,    ///< Said without its count: the smallest, the median and the largest of the hosts.
  kStats,  ///< Counts and totals are added.
  kHist,   ///< Buckets are added, as for the next one; their bounds must be the same.
  kLhist,
  kOther,  ///< Assigned, made in several ways, or not known how: by host, and never merged.
};

/// "count", "lhist", …; "other".
std::string_view kind_name(MapKind kind);

inline bool is_histogram(MapKind kind) { return kind == MapKind::kHist || kind == MapKind::kLhist; }

}  // namespace stapsh::client
