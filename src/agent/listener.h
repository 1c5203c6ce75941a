// SPDX-License-Identifier: Apache-2.0
// `--listen WHERE`: sessions at a place of our own. At `unix:PATH` and at `vsock:PORT` one process for each
// connection, several at once; a guest's port is in port_listener.h.
#pragma once

#include "agent/agent_options.h"
#include "base/result.h"

namespace stapsh::agent {

/// Serves until SIGTERM, SIGINT or SIGHUP; then its sessions are told to stop and waited for. `ignores_hangup`: not at
/// SIGHUP, as nohup(1) asks. Returns the exit code: 0.
Result<int> listen(const AgentOptions& options, bool ignores_hangup);

/// Whether a peer of this CID is served at `vsock:PORT`.
bool may_connect(const AgentOptions& options, std::uint32_t cid);

}  // namespace stapsh::agent
