// SPDX-License-Identifier: Apache-2.0
// The words behind `rstap replay`: a recording, and any option of rstap that says how a run is shown.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "client/cli/defaults.h"
#include "client/options/replay_options.h"

namespace stapsh::client {

/// kUsage names the word and says what to do. Of `defaults` counts what says how a run is shown, here.
Result<ReplayOptions> parse_replay_arguments(std::span<const std::string> words, const Defaults& defaults = {});

/// The text of `rstap replay --help`.
std::string replay_help();

}  // namespace stapsh::client
