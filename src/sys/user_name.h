// SPDX-License-Identifier: Apache-2.0
// What a user is called. Not for the static agent: the C library looks names up with plug-ins (nsswitch.conf(5)).
#pragma once

#include <sys/types.h>

#include <string>

namespace stapsh::sys {

/// Empty if there is none, or it can't be looked up.
std::string user_name(uid_t user);

}  // namespace stapsh::sys
