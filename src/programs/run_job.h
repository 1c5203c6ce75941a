// SPDX-License-Identifier: Apache-2.0
// Where a run and what shows it are brought together: neither knows the other.
#pragma once

#include <vector>

#include "base/result.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// --resume-failed, for who writes no log: whom the log calls succeeded is left out of the targets.
Result<> leave_out_succeeded(RstapOptions& options);

/// Runs the job of `options` and shows it. Returns the exit code. Errors: nothing was begun.
Result<int> run_job(RstapOptions options, const std::vector<int>& ignored_signals);

}  // namespace stapsh::client
