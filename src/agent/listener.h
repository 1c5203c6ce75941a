// SPDX-License-Identifier: Apache-2.0
// `--listen WHERE`: sessions at a place of our own. At `unix:PATH` one process for each connection, several at once;
// a guest's port is in port_listener.h.
#pragma once

#include "agent/agent_options.h"
#include "base/result.h"

namespace stapsh::agent {

/// Serves until SIGTERM, SIGINT or SIGHUP; then its sessions are told to stop and waited for.
/// Returns the exit code: 0.
Result<int> listen(const AgentOptions& options);

}  // namespace stapsh::agent
