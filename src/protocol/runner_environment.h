// SPDX-License-Identifier: Apache-2.0
// What a client may put into its runner's environment: a fixed list for each runner, the same on both ends. Variables
// that name files or programs, and what a loader or a shell reads, are on none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/runner_kind.h"

namespace stapsh {

/// The longest value, in bytes.
inline constexpr std::size_t kRunnerVariableBytesMax = 255;

/// The names that `kind` takes, sorted.
std::span<const std::string_view> runner_variables(RunnerKind kind);

/// Whether `text` is NAME=VALUE with a NAME that some runner takes and a VALUE without control characters. kUsage says
/// what it is not.
Result<> check_runner_variable(std::string_view text);

/// The same for one runner.
Result<> check_runner_variable(std::string_view text, RunnerKind kind);

}  // namespace stapsh
