// SPDX-License-Identifier: Apache-2.0
// As whom a child runs that shall be able to do less than we: another user, some capabilities and no more, for it and
// for all that it starts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace stapsh::sys {

struct Privileges {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups{};       ///< Supplementary ones.
  std::uint64_t capabilities = 0;    ///< As effective_capabilities() has them.
  bool lifts_locked_memory = false;  ///< RLIMIT_MEMLOCK, where we may lift it.
  /// geteuid(2) says 0 to it and to what it starts, which gives no right: for a program that goes no further where it
  /// is not root. See pretend_root.h.
  bool pretends_root = false;
};

/// Makes this process so: its user and groups for good, permitted, effective, inheritable and ambient capabilities just
/// those, its bounding set as well, no root by set-user-ID (PR_SET_NO_NEW_PRIVS), and no capability for being user 0.
/// False with errno where the kernel refuses a step; the process must end then. Async-signal-safe, for between fork and
/// exec. Not behind vfork(2): it may make the memory that it runs in unreadable to its own /proc.
/// Source: capabilities(7), credentials(7).
bool take_privileges(const Privileges& privileges);

/// Whether who is so may execute `program`; false with errno where not, or where we can't make anybody so (EPERM). True
/// where the kernel can't be asked (before Linux 5.8). Only the supplementary groups of this process are changed: it
/// stays who it is to those who would signal or trace it. Async-signal-safe.
bool may_execute(const Privileges& privileges, const char* program);

}  // namespace stapsh::sys
