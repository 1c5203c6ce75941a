// SPDX-License-Identifier: Apache-2.0
// Options that are about the same thing, from several sources: those given nearer to the run take the place of others.
#pragma once

#include <vector>

#include "client/cli/option_scan.h"

namespace stapsh::client {

/// Takes out what is overruled: of --remote and --inventory the usual ones, where the nearer source names targets, and
/// with them --limit, --exclude and --pick, which said which of those; of --label and --remote-prefix the usual one.
/// All else stays: later values count, or add up.
void keep_nearer(std::vector<GivenOption>& options);

}  // namespace stapsh::client
