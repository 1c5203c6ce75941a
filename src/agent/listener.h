// SPDX-License-Identifier: Apache-2.0
// `--listen unix:PATH`: one process for each connection, several at once, each a session of its own.
#pragma once

#include "agent/agent_options.h"
#include "base/result.h"

namespace stapsh::agent {

/// Serves until SIGTERM, SIGINT or SIGHUP; then its sessions are told to stop and waited for.
/// Returns the exit code: 0.
Result<int> listen(const AgentOptions& options);

}  // namespace stapsh::agent
