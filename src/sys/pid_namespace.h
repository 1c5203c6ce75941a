// SPDX-License-Identifier: Apache-2.0
// Where pids mean something. Source: pid_namespaces(7).
#pragma once

#include <cstdint>
#include <optional>

namespace stapsh::sys {

/// A pid namespace. The inode alone names it only while it lives: the next one to be made gets the same number.
struct PidNamespace {
  std::uint64_t inode = 0;       ///< 0: unknown.
  std::uint64_t init_start = 0;  ///< process_start() of its pid 1; 0: unknown.
  bool operator==(const PidNamespace&) const = default;
};

/// Ours. None: it can't be asked, or the kernel has none.
std::optional<PidNamespace> pid_namespace();
/// Whether all that is known of both is the same.
bool is_same(const PidNamespace& a, const PidNamespace& b);
/// Whether nobody lives in that one. Only the first of a machine sees all others, and only root may look; false where
/// it can't be known.
bool pid_namespace_is_gone(const PidNamespace& which);

}  // namespace stapsh::sys
