// SPDX-License-Identifier: Apache-2.0
// A file without a name: whatever becomes of us, nothing of it stays.
#pragma once

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// An empty file for reading and writing in $TMPDIR, else in /tmp; it is gone with its last descriptor. Others can
/// open it as /proc/PID/fd/N as long as we have it open. Errors name the folder.
Result<UniqueFd> make_temporary_file();

}  // namespace stapsh::sys
