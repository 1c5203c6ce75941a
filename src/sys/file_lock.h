// SPDX-License-Identifier: Apache-2.0
// A lock that says "somebody lives who holds this": flock(2) on an open file that processes share by fork. It ends with
// the last of them, however they end.
#pragma once

#include <string>

#include "base/result.h"

namespace stapsh::sys {

/// Whether `name` in `dir` is what `fd` has open, and not something else that got its name.
bool is_named(int dir, const std::string& name, int fd);

/// False: somebody else has it. An Error: nobody can tell (a file system without such locks).
Result<bool> try_lock(int fd);

}  // namespace stapsh::sys
