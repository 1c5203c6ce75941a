// SPDX-License-Identifier: Apache-2.0
// What a fleet says of several of its targets at once.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/options/job_options.h"
#include "client/run/target_run.h"

namespace stapsh::client {

using TargetRuns = std::span<const std::unique_ptr<TargetRun>>;

/// --pick: who was drawn, out of so many.
std::string picked_text(std::span<const Target> targets, std::size_t picked_from);
/// Which variables of bpftrace's that are set here do not reach all of `targets`; none: there is none.
std::optional<std::string> untravelled_text(std::span<const Target> targets, const JobOptions& job,
                                            const char* const* environment);
/// Whom a stop waits for; none: for nobody.
std::optional<std::string> waiting_text(TargetRuns runs);
/// --dry-run: what would run, once for all targets of which that is so.
std::vector<std::string> plan_texts(TargetRuns runs);

}  // namespace stapsh::client
