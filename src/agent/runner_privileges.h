// SPDX-License-Identifier: Apache-2.0
// A runner that runs as the user whom the policy names, with the capabilities that it names.
#pragma once

#include <string_view>

#include "base/result.h"
#include "policy/run_as.h"
#include "protocol/runner_kind.h"
#include "sys/account.h"
#include "sys/child.h"
#include "sys/workspace.h"

namespace stapsh::agent {

/// The user of a line with user=. An Error says why it can be none: "user=NAME: …".
Result<sys::Account> account_of_line(const policy::RunAs& run_as);

/// Makes of `spawn`, a runner's that would run as we do, one as `run_as` says: its user and capabilities, an
/// environment without anything of ours, and the workspace, which it may read, with a folder for what it writes.
Result<> lower_privileges(sys::SpawnOptions& spawn, const policy::RunAs& run_as, RunnerKind kind,
                          const sys::Workspace& workspace);

}  // namespace stapsh::agent
