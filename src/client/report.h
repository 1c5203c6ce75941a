// SPDX-License-Identifier: Apache-2.0
// What happened on each target, for a person and as an exit code. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session/client_effect.h"

namespace stapsh::client {

struct TargetResult {
  std::string name;
  Outcome outcome;
};

/// A line for each target that did not simply succeed, then one line of totals.
std::vector<std::string> report_lines(const std::vector<TargetResult>& results);

/// The first failure's, in the order of the targets: a runner's own code, 1 for a target that failed or whose code is
/// unknown and of which no output came, `stopped_code` for one that was stopped before its runner ran. 0 if there is
/// none.
int exit_code_of(const std::vector<TargetResult>& results, int stopped_code);

}  // namespace stapsh::client
