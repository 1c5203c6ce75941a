// SPDX-License-Identifier: Apache-2.0
// One session for real: performs an AgentSession's effects and tells it what happened. One thread,
// one epoll loop. No decision lives here; they are the session's.
#pragma once

#include <string>

#include "agent/agent_options.h"
#include "agent/bytes_quota.h"
#include "base/result.h"

namespace stapsh::agent {

/// The session's streams, lent. The outputs of an unframed runner are the process's own 1 and 2 where the session is on
/// 0 and 1; elsewhere both are `out`.
struct AgentIo {
  int in = 0;
  int out = 1;
  std::string first_input{};  ///< Was read before the session began.
  /// For a stream that outlives its client, a guest's port: takes what the next client said. Such a stream's hang-up
  /// ends the session at once, and nothing is read or written after it.
  std::string* next_client = nullptr;
  bool ignores_hangup = false;  ///< SIGHUP is no reason to stop: nohup(1).
  BytesQuota quota{};           ///< Of the files that it receives.
};

/// Serves one session until it has ended and all is cleaned up. Returns the exit code of design,
/// section 3. Errors: what the session could not even begin without (epoll, signalfd).
Result<int> run_session(const AgentOptions& options, AgentIo io);

}  // namespace stapsh::agent
