// SPDX-License-Identifier: Apache-2.0
// Who may move processes into and out of a cgroup, and end the limits of those below it: who can write these files of
// it or of one above it. Source: Documentation/admin-guide/cgroup-v2.rst, "Delegation".
#pragma once

#include <string>

#include "base/result.h"

namespace stapsh::sys {

/// Whether that cgroup, whose directory `dir` is, and its cgroup.procs, cgroup.threads and cgroup.subtree_control are
/// root's or our own, and not writable by their group or others. The Error names what is not, below `path`.
Result<> check_cgroup_owner(int dir, const std::string& path);

}  // namespace stapsh::sys
