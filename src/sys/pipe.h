// SPDX-License-Identifier: Apache-2.0
// Pipes, close-on-exec from the start, and what can be asked of them.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

struct Pipe {
  UniqueFd read_end, write_end;
};

struct PipeOptions {
  bool nonblocking_read = false;
  bool nonblocking_write = false;
};

/// A new pipe. The two ends are two open files: a flag of one does not show at the other.
Result<Pipe> make_pipe(PipeOptions options = {});

/// What a read would find now, in bytes (FIONREAD; pipes, sockets, ttys).
Result<std::size_t> bytes_available(int fd);

/// What was written to `fd` (a pipe, a unix socket) and is not read yet by the other end; 0 where nobody can tell.
std::size_t bytes_unread(int fd);

/// Asks for a pipe that holds `bytes`. Best effort: an unprivileged user has a limit, and a smaller pipe works too.
void grow_pipe(int fd, std::size_t bytes);

/// From now on `signo` goes to the process group whenever something is written into the pipe that `read_end` reads. A
/// writer who belongs to the group has the signal before its write returns. Source: fcntl(2), F_SETSIG and O_ASYNC.
Result<> signal_group_on_write(int read_end, pid_t group, int signo);

}  // namespace stapsh::sys
