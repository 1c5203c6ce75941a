// SPDX-License-Identifier: Apache-2.0
// Options that are about the same thing, from several sources: those given nearer to the run take the place of others,
// or are the reason why they do not hold.
#pragma once

#include <vector>

#include "client/cli/option_scan.h"

namespace stapsh::client {

/// Takes out what is overruled: of --remote and --inventory the usual ones, where the nearer source names targets, and
/// with them --limit, --exclude and --pick, which said which of those; of --label and --remote-prefix the usual one.
/// All else stays: later values count, or add up.
void keep_nearer(std::vector<GivenOption>& options);

/// For a --dry-run, or what else `runs_nothing`: takes out what would write files of runs and is said by the usual
/// sources alone. (Who says it for this very run is told that it makes no sense.) Of a --joblog that --resume-failed
/// reads, nothing is written.
void leave_out_written(std::vector<GivenOption>& options, bool runs_nothing);

}  // namespace stapsh::client
