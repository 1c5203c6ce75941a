// SPDX-License-Identifier: Apache-2.0
// What a machine offers, and its agent's user may do, against what runners need. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "client/doctor/check.h"
#include "client/doctor/probe_needs.h"
#include "protocol/runner_kind.h"
#include "protocol/target_environment.h"

namespace stapsh::client {

/// Rows "tracefs", "btf", "kprobes", "lockdown", "rights", "folder", for these runners and a script with these needs.
/// None of `environment`: `unsaid` says why.
std::vector<Check> environment_checks(const std::optional<TargetEnvironment>& environment,
                                      const std::vector<RunnerKind>& runners, std::optional<ProbeNeeds> needs,
                                      std::string_view unsaid);

}  // namespace stapsh::client
