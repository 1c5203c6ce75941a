// SPDX-License-Identifier: Apache-2.0
// What this machine offers to runners, and what the agent's user may do here: looked at, not tried.
#pragma once

#include "protocol/target_environment.h"

namespace stapsh::agent {

/// `policy`: what the session knows of it. What can't be seen is unknown.
TargetEnvironment look_at_environment(TargetEnvironment::Policy policy);

}  // namespace stapsh::agent
