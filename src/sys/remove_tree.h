// SPDX-License-Identifier: Apache-2.0
// Emptying a directory by descriptor: symbolic links and mount points inside are never followed.
#pragma once

#include "base/result.h"

namespace stapsh::sys {

/// Removes everything in the directory `dir`, which must be readable, at most 64 levels deep. Goes on after a failure;
/// the Error is the first one and names the entry, relative to `dir`.
Result<> remove_contents(int dir);

}  // namespace stapsh::sys
