// SPDX-License-Identifier: Apache-2.0
// One run of rstap: all targets at once, one ctrl-C for all, one exit code; what happens goes to `events`.
#pragma once

#include <vector>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/options/rstap_options.h"
#include "client/run/event_hub.h"

namespace stapsh::client {

/// Runs the job on all targets. Returns the exit code. Errors: nothing was begun. On its return signals are blocked:
/// the result stands. `ignored_signals`: those that whoever started us wants ignored (nohup, a shell's `&`).
Awaitable<Result<int>> run_fleet(asio::io_context& io, const RstapOptions& options, EventHub& events,
                                 const std::vector<int>& ignored_signals);

}  // namespace stapsh::client
