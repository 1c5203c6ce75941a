// SPDX-License-Identifier: Apache-2.0
// Builds run in folders of their own, so what a person named is found from theirs.
#pragma once

#include <string>
#include <string_view>

#include "client/options/job_options.h"

namespace stapsh::client {

/// Makes the paths in `options` independent of the working directory: the script, -I, -R, -r, -d, and arguments of the
/// script with a '/' that lead to something here. stap writes a
/// BPF module into its working directory, so builds run in one of their own.
void make_paths_absolute(JobOptions& options, std::string_view working_directory);

/// The same for one `value`, if a '/' in it says that it is a path.
void make_absolute_if_path(std::string& value, std::string_view working_directory);

}  // namespace stapsh::client
