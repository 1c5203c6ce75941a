// SPDX-License-Identifier: Apache-2.0
// The policy of this machine, /etc/stapsh/policy: read, with the lists of digests that it names, and made a session's.
#pragma once

#include <optional>
#include <string>

#include "agent/agent_options.h"
#include "base/result.h"
#include "policy/policy_decision.h"
#include "session/agent_session.h"

namespace stapsh::agent {

/// Its path, which is compiled in.
const char* policy_file();

/// Beside it: who may sign, and whose keys may not any more. (ssh-keygen(1), ALLOWED SIGNERS and KEY REVOCATION LISTS.)
std::string signers_file();
std::string revoked_keys_file();

/// Nothing if there is no such file. An Error if it can't be relied on: it is unreadable, wrong, or not root's alone.
Result<std::optional<policy::Policy>> read_policy();

/// A policy from `text`, with the digests that it names, and who may sign where it asks for signatures.
Result<policy::Policy> policy_of_text(std::string_view text);

/// Reads it, and makes it this session's: who it is with, what may run, the bounds. One that can't be relied on allows
/// nothing, and likewise none at all if one is `needed`.
void apply_policy(AgentSettings& settings, const policy::Peer& peer, bool needed);

/// For who needs one and has none.
Error no_policy_error();

/// What it says of a listener as a whole, before it listens. An Error as of read_policy().
Result<> apply_listener_policy(AgentOptions& options);

}  // namespace stapsh::agent
