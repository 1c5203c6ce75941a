// SPDX-License-Identifier: Apache-2.0
// Which hosts of a site are there, asked by a process that lives no longer than that.
#pragma once

#include <span>
#include <string>

#include "base/result.h"

namespace stapsh::client {

/// Prints their names, one a line, sorted. Behind the last answer it waits a moment for the next one, and never long.
/// The Error says that nobody is there, or how the broker can't be reached.
Result<int> run_nats_who(std::span<const std::string> words);

}  // namespace stapsh::client
