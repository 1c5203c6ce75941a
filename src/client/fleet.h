// SPDX-License-Identifier: Apache-2.0
// One run of rstap: all targets at once, their output merged, one ctrl-C for all, one exit code.
#pragma once

#include "base/result.h"
#include "client/command_line.h"

namespace stapsh::client {

/// Runs the job on all targets and reports. Returns the exit code. Errors: nothing was begun.
/// `ignored_signals`: those that whoever started us wants ignored (nohup, a shell's `&`).
Result<int> run_fleet(const RstapOptions& options, const std::vector<int>& ignored_signals);

}  // namespace stapsh::client
