// SPDX-License-Identifier: Apache-2.0
// Our tapset (tapset/rstap.stp), which stap is told of where a script may use it: others are built exactly as stap
// builds them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/options/job_options.h"

namespace stapsh::client {

/// Where it is installed beside this program, or made in a build's tree, the likeliest first.
std::vector<std::string> tapset_places();

/// The one of `places` that `job` is to be built with. None: it has no use for a tapset, or names one itself (-I), or
/// it is in none of them. `text`: the script's, empty if it is unknown.
std::string tapset_for(const JobOptions& job, std::string_view text, const std::vector<std::string>& places);

}  // namespace stapsh::client
