// SPDX-License-Identifier: Apache-2.0
// What a policy's `limit` makes of a session's settings. Pure.
#pragma once

#include "policy/policy.h"
#include "session/agent_session.h"

namespace stapsh {

/// Lowers what `bounds` bound, and says so in `settings.names`; nothing gets more than the agent's own options give.
/// (Those of a listener are the listener's.)
void apply_bounds(AgentSettings& settings, const policy::Bounds& bounds);

}  // namespace stapsh
