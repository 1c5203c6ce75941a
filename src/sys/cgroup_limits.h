// SPDX-License-Identifier: Apache-2.0
// A cgroup whose members may use no more than so much together. It needs the kernel's controllers, which a cgroup hands
// on to those below it: only where it has no processes of its own, so such a one is mostly beside ours, not below it.
// Source: Documentation/admin-guide/cgroup-v2.rst, "Controlling Controllers".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/cgroup.h"

namespace stapsh::sys {

/// None: as much as ours may.
struct CgroupLimits {
  std::optional<std::uint64_t> tasks;   ///< Processes and threads: more get EAGAIN.
  std::optional<std::uint64_t> memory;  ///< Bytes, nothing of them in swap: for want of more all in it are ended.

  [[nodiscard]] bool any() const { return tasks || memory; }
};

/// Where one of that name can be: below the nearest of ours and those above it that hands on the controllers for these
/// limits, and that nobody but root and our own user rules, nor one above it (check_cgroup_owner()). Makes nothing. An
/// Error says why there can be none.
Result<std::string> limited_cgroup_path(std::string_view name, const CgroupLimits& limits);

/// A new one there, that holds its members to `limits`. An Error: it can't be made, or can't be limited, and is gone.
Result<Cgroup> create_limited_cgroup(const std::string& path, const CgroupLimits& limits);

/// Whether the kernel has ended somebody in it for want of memory by its own limit: not by that of one above it, and
/// not as the whole machine had none left.
bool has_passed_memory_limit(const Cgroup& cgroup);
/// The same, of its memory.events and memory.events.local.
bool was_own_memory_limit(std::string_view events, std::string_view local_events);

}  // namespace stapsh::sys
