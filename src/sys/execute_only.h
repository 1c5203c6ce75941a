// SPDX-License-Identifier: Apache-2.0
// A program that its user can execute and not read: so the kernel lets nobody else of that user into its process.
#pragma once

#include <string>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// For root: a copy of the program at `path`, without a name, that all may execute as /proc/self/fd/N and only root may
/// read. Who executes it as another user is not dumpable: no other process of that user can trace it or open its
/// memory. In memory, or in the folder of workspaces where memory may not be executed. kSystem: it can't be made, or is
/// a `#!` script, which its interpreter would have to read. Source: ptrace(2), execve(2), PR_SET_DUMPABLE of prctl(2).
Result<UniqueFd> make_execute_only_copy(const std::string& path);

}  // namespace stapsh::sys
