// SPDX-License-Identifier: Apache-2.0
// A workspace whose program is another user's: it reads what is there, and changes nothing of it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/workspace.h"

namespace stapsh::sys {

/// In a workspace, the folder that is that user's own, for what it may write.
inline constexpr std::string_view kOwnFolder = ".own";

/// All files that are in it now may be read by `group`, which may pass through it, and kOwnFolder is made, `user`'s
/// alone. Needs a user 0 with CAP_SETUID, CAP_SETGID and CAP_DAC_OVERRIDE. Returns that folder's path. ENOTDIR where a
/// file has its name.
Result<std::string> lend_workspace(const Workspace& workspace, uid_t user, gid_t group);

}  // namespace stapsh::sys
