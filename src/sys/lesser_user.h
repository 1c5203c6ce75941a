// SPDX-License-Identifier: Apache-2.0
// Becoming somebody who may do nothing, for work on what strangers have sent.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace stapsh::sys {

/// Nobody's.
inline constexpr uid_t kLesserUser = 65'534;

/// For this process and what it executes, for ever: no program gives it more rights, and root is kLesserUser, and
/// the group of that number, in no other. No other process of that user can trace this one, until it executes what that
/// user can read: see execute_only.h. Where the machine lets it (fs.suid_dumpable), an Error. Another user stays who it
/// is.
Result<> become_lesser_user();

}  // namespace stapsh::sys
