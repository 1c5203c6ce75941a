// SPDX-License-Identifier: Apache-2.0
// Where runners are: the build-time bindir, then a fixed list. Never PATH, never a folder that the
// remote user can write: an agent that runs as root would execute what they put there.
#pragma once

#include <string>

#include "base/result.h"
#include "protocol/runner_kind.h"

namespace stapsh::agent {

/// The runner's absolute path. kSystem names the folders that were looked in, and the package to install.
Result<std::string> find_runner(RunnerKind kind);

}  // namespace stapsh::agent
