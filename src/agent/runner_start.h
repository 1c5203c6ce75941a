// SPDX-License-Identifier: Apache-2.0
// How a session's runner is started: what it is, where it runs, and what is written down about it.
#pragma once

#include "agent/session_record.h"
#include "base/result.h"
#include "session/agent_effect.h"
#include "sys/child.h"
#include "sys/workspace.h"

namespace stapsh::agent {

/// The program and its words, in a session of its own, in the workspace, marked by sys::kWorkspaceVariable. Its outputs
/// are left to the caller. Errors: there is no such program, or the kernel would refuse the arguments.
Result<sys::SpawnOptions> runner_options(const StartRunner& runner, const sys::Workspace& workspace);

/// All of the record that was begun but who the runner will be; an Error where it can't be known whose that module
/// would be. `module`: the uploaded kernel module's name without ".ko", or empty.
Result<SessionRecord> runner_record(const StartRunner& runner, Duration grace, const std::string& module,
                                    SessionRecord begun);

}  // namespace stapsh::agent
