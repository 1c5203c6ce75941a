// SPDX-License-Identifier: Apache-2.0
// From what was found out to answers: would a run work there. Pure.
#pragma once

#include <string>

#include "client/doctor/check.h"
#include "client/doctor/facts.h"

namespace stapsh::client {

/// In the order of the table's rows. `is_ssh`: the target is reached by ssh.
std::vector<Check> checks_of(const TargetFacts& target, const WantedRun& wanted, const HereFacts& here, bool is_ssh);

}  // namespace stapsh::client
