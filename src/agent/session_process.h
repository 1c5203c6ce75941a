// SPDX-License-Identifier: Apache-2.0
// What the processes that a listener forks for its sessions share.
#pragma once

#include <string_view>

#include "agent/agent_loop.h"
#include "sys/signal_fd.h"

namespace stapsh::agent {

/// SIGTERM, SIGINT, SIGCHLD, and SIGHUP unless it is to be ignored.
Result<sys::SignalFd> listen_to_signals(bool ignores_hangup);

/// A whole session in a process of its own; says errors on standard error, behind `place`. Throws nothing: out of
/// memory, it must not unwind into the listener's code. Returns the exit code.
int serve_session(const AgentOptions& options, std::string_view place, AgentIo io) noexcept;

}  // namespace stapsh::agent
