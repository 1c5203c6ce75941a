// SPDX-License-Identifier: Apache-2.0
// The words that are no options: the script and its arguments.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "client/options/job_options.h"

namespace stapsh::client {

/// The script, unless -e gave it, then its arguments. kUsage: there is no script.
Result<> take_positionals(JobOptions& job, std::span<const std::string> words);

}  // namespace stapsh::client
