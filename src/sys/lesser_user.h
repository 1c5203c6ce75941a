// SPDX-License-Identifier: Apache-2.0
// Becoming somebody who may do nothing, for work on what strangers have sent.
#pragma once

#include "base/result.h"

namespace stapsh::sys {

/// For this process and what it executes, for ever: no program gives it more rights, and root is uid and gid 65534
/// (nobody's), in no group. Another user stays who it is.
Result<> become_lesser_user();

}  // namespace stapsh::sys
