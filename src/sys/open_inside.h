// SPDX-License-Identifier: Apache-2.0
// Opening what lies in a directory, whoever put it there: it can't block us, and can't lead us elsewhere.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// openat(2) of the plain name `name`, O_CLOEXEC and O_NOFOLLOW, that does not leave the mount which `dir` is in: EXDEV
/// for a mount point, whose file system is not asked (it may hang). Before Linux 5.6 that holds for directories of
/// another file system only.
Result<UniqueFd> open_inside(int dir, const std::string& name, int flags);

/// Opens a regular file of ours (effective user). Anything else is an Error: EPERM another user's, EINVAL no regular
/// file. Whatever it is (a FIFO, a device, a socket), it is not touched before that is known.
Result<UniqueFd> open_own_file(int dir, const std::string& name, int flags);

/// All of a file, from its beginning; EFBIG if it is over `bytes_max`.
Result<std::string> read_whole(int file, std::size_t bytes_max);

}  // namespace stapsh::sys
