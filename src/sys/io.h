// SPDX-License-Identifier: Apache-2.0
// Reads, writes and splices that never hide what happened: bytes, "not now", end, or an Error with sys_errno.
// EINTR is tried again. A socket is never waited for, whatever its flags (MSG_DONTWAIT), and never raises SIGPIPE
// in a read or write; anything else is as its O_NONBLOCK says: see nonblocking.h. Writes to a pipe and splices raise
// SIGPIPE when nobody reads: a program ignores or blocks it (inherited_state.h) and gets EPIPE as an Error.
#pragma once

#include <poll.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace stapsh::sys {

struct IoResult {
  std::size_t bytes = 0;
  bool would_block = false;
  bool end = false;  ///< Reads only: nothing will ever come.
  bool operator==(const IoResult&) const = default;
};

/// Up to `buffer.size()` bytes. `buffer` must not be empty.
Result<IoResult> read_some(int fd, std::span<char> buffer);

/// The same of a socket, and leaves them there.
Result<IoResult> peek_some(int socket, std::span<char> buffer);

/// As many of `bytes` as go now. `more_follows` lets a socket wait for the rest before it sends a packet.
Result<IoResult> write_some(int fd, std::string_view bytes, bool more_follows = false);

struct SpliceResult {
  std::size_t bytes = 0;
  bool would_block = false;  ///< The pipe is empty or the target is full: splice(2) does not say which.
  bool end = false;          ///< The pipe is empty and nobody can write to it any more.
  bool unsupported = false;  ///< Not between these two (O_APPEND, a tty, an odd file system): copy instead.
  bool operator==(const SpliceResult&) const = default;
};

/// Moves up to `bytes_max` bytes from a pipe to `to` without copying them. Never waits if `to` is nonblocking: a socket
/// needs O_NONBLOCK here (NonblockingFd::prepare_splice).
Result<SpliceResult> splice_some(int from_pipe, int to, std::size_t bytes_max, bool more_follows = false);

/// Writes all of `bytes`, waiting up to `limit`: kTimeout then. A blocking pipe or tty gets pieces that fit after
/// poll(2) said so; only a second writer that steals the room can make that wait longer.
Result<> write_all(int fd, std::string_view bytes, Duration limit);

/// Waits until poll(2) reports any of `events` (or an error or hang-up) for `fd`, or `deadline`; false: the deadline.
Result<bool> wait_for(int fd, short events, TimePoint deadline);
/// The same for any of several; their `revents` say what was reported.
Result<bool> wait_for_any(std::span<pollfd> entries, TimePoint deadline);

}  // namespace stapsh::sys
