// SPDX-License-Identifier: Apache-2.0
// `rstap replay`: a recording in the place of a run.
#pragma once

#include "base/result.h"
#include "client/options/replay_options.h"

namespace stapsh::client {

/// Shows the recording. Returns the run's exit code; 1 if the recording does not have its end. Errors: it is none.
Result<int> replay_recording(const ReplayOptions& options);

}  // namespace stapsh::client
