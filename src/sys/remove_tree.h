// SPDX-License-Identifier: Apache-2.0
// Emptying a directory by descriptor: symbolic links and mount points inside are never followed.
#pragma once

#include <string_view>

#include "base/result.h"

namespace stapsh::sys {

/// Removes everything in the directory `dir`, which must be readable, however deep it is, but an entry `kept` of `dir`
/// itself. Needs two descriptors, and memory for the names of the directories on its way. Goes on after a failure; the
/// Error is the first one and names the entry, relative to `dir`, and the reason.
Result<> remove_contents(int dir, std::string_view kept = {});

}  // namespace stapsh::sys
