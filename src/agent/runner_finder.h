// SPDX-License-Identifier: Apache-2.0
// Where runners are: the build-time bindir, then a fixed list. Never PATH, never a folder that the
// remote user can write: an agent that runs as root would execute what they put there.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "protocol/runner_kind.h"

namespace stapsh::agent {

struct RunnerPlace {
  std::string path;     ///< Absolute.
  bool denied = false;  ///< It is there, and we may not execute it.
};
/// The first that we may execute, else the first that is there.
std::optional<RunnerPlace> runner_place(RunnerKind kind);

/// The same of another program that is needed beside them. None: it is in none of these folders, or not ours to
/// execute.
std::optional<std::string> program_in_fixed_folders(const std::string& name);

/// The path of the runner that we may execute. kSystem names the folders that were looked in, and the package to
/// install; or the one that we may not execute, and what to do.
Result<std::string> find_runner(RunnerKind kind);

}  // namespace stapsh::agent
