// SPDX-License-Identifier: Apache-2.0
// `rstap doctor`: a dry run of which nothing is shown but what it found out.
#pragma once

#include <vector>

#include "base/result.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// Asks all targets and prints the answers. Returns the exit code: 0 only if a run would work on all. Errors: nothing
/// was asked.
Result<int> run_doctor(RstapOptions options, const std::vector<int>& ignored_signals);

}  // namespace stapsh::client
