// SPDX-License-Identifier: Apache-2.0
// What became of each target, and the one exit code that follows from it. Pure.
#pragma once

#include <string>
#include <vector>

#include "session/client_effect.h"

namespace stapsh::client {

struct TargetResult {
  std::string name;
  Outcome outcome;
};

/// Of a target that failed, or whose code is not known though nothing came of it.
inline constexpr int kFailedCode = 1;

/// Whether the exit code of a run says so: a target that failed, a runner's code that is not 0, or that is unknown
/// where nothing came of it. A target that was stopped before it ran has not failed.
bool is_failure(const Outcome& outcome);

/// Which target's failure is the run's.
enum class CodeRule {
  kFirst,    ///< Of the first that failed, in the order of the targets.
  kLargest,  ///< The largest code.
};

/// A runner's own code, 1 for a target that failed or whose code is unknown and of which no output came, `stopped_code`
/// for one that was stopped before its runner ran. 0 if there is no failure.
int exit_code_of(const std::vector<TargetResult>& results, int stopped_code, CodeRule rule = CodeRule::kFirst);

}  // namespace stapsh::client
