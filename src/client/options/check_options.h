// SPDX-License-Identifier: Apache-2.0
// Whether a program and its runner have a use for the options that were given: by the table, before anything connects.
// Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "client/options/job_options.h"
#include "client/options/option_table.h"
#include "protocol/runner_kind.h"

namespace stapsh::client {

/// Who runs this, as far as the words tell: --stap-arg may say something else to the build.
RunnerKind runner_of(const JobOptions& job);

/// kUsage for an option that this runner can't be given. `title`: the script, or the module, as messages name it.
Result<> check_options_of_runner(const JobOptions& job, RunnerKind runner, std::string_view title);

/// Whether it was given, and this program has no use for it with this value, if it is usual and not meant for this very
/// run.
bool is_of_no_use(const JobOptions& job, const OptionEntry& entry, std::string_view value);

/// The same for runner_of(job), and kUsage for an option without an effect on this kind of program, or whose value
/// does not fit it.
Result<> check_options_of_program(const JobOptions& job);

}  // namespace stapsh::client
