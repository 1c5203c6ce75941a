// SPDX-License-Identifier: Apache-2.0
// For bpftrace, which asks geteuid(2) and goes no further where that is not 0, whatever the process may do.
#pragma once

namespace stapsh::sys {

/// From here on geteuid(2) says 0, in this process and in all that it starts; nothing else changes, least of all what
/// it may do. By a filter of seccomp(2), which reaches any program and leaves nothing behind. Needs
/// PR_SET_NO_NEW_PRIVS. False with errno where the kernel has no such filters, ENOSYS on a machine that is not known
/// here. Async-signal-safe.
bool pretend_root();

}  // namespace stapsh::sys
