// SPDX-License-Identifier: Apache-2.0
// `--listen PORT`: the agent's end of a virtio-serial port of a guest. One stream for all clients, one after the other.
#pragma once

#include "agent/agent_options.h"
#include "base/result.h"

namespace stapsh::agent {

/// Serves the port until SIGTERM, SIGINT or SIGHUP (its session is told to stop and waited for), or until the port is
/// unplugged. Returns the exit code: 0. Errors: the port can't be opened.
Result<int> listen_port(const AgentOptions& options, const std::string& path, bool ignores_hangup);

}  // namespace stapsh::agent
