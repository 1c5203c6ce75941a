// SPDX-License-Identifier: Apache-2.0
// One session for real: performs an AgentSession's effects and tells it what happened. One thread,
// one epoll loop. No decision lives here; they are the session's.
#pragma once

#include "agent/agent_options.h"
#include "base/result.h"

namespace stapsh::agent {

/// The session's streams, lent. Output of an unframed runner goes to the process's own 1 and 2.
struct AgentIo {
  int in = 0;
  int out = 1;
};

/// Serves one session until it has ended and all is cleaned up. Returns the exit code of design,
/// section 3. Errors: what the session could not even begin without (epoll, signalfd).
Result<int> run_session(const AgentOptions& options, AgentIo io);

}  // namespace stapsh::agent
