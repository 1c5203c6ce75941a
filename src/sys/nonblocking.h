// SPDX-License-Identifier: Apache-2.0
// Using a descriptor that somebody gave us without waiting on it, and without changing what they see. O_NONBLOCK is a
// flag of the open file, which is shared with every process that inherited it: a shell whose terminal turns
// nonblocking dies of it. So open the thing a second time where that is possible.
#pragma once

#include <span>
#include <utility>

#include "base/result.h"
#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// A descriptor of our own for the same thing, usable without waiting by read_some() and write_some().
class NonblockingFd {
 public:
  NonblockingFd() = default;
  NonblockingFd(NonblockingFd&& other) noexcept { *this = std::move(other); }
  NonblockingFd& operator=(NonblockingFd&& other) noexcept;
  /// Puts back the flags that had to change, then closes.
  ~NonblockingFd() { restore(); }

  [[nodiscard]] int get() const { return fd_.get(); }
  [[nodiscard]] bool valid() const { return fd_.valid(); }
  [[nodiscard]] bool is_socket() const { return is_socket_; }
  /// True if other holders of the open file see O_NONBLOCK now, because there was no other way.
  [[nodiscard]] bool changed_flags() const { return restore_blocking_; }

  /// Splicing to a socket needs O_NONBLOCK on the shared open file; nothing else does (io.h passes MSG_DONTWAIT). Sets
  /// it until destruction; does nothing for what is not a socket.
  Result<> prepare_splice();

  /// Puts back the flags that had to change, before a program inherits the open file: it would take EAGAIN for an
  /// error, and lose what it says. From here on, read by read(), and write only after poll(2).
  void restore_flags() noexcept;
  /// As read_some(), and never waits after restore_flags() either, as long as nobody else reads here.
  Result<IoResult> read(std::span<char> buffer) const;

  void reset() { *this = NonblockingFd(); }

 private:
  friend Result<NonblockingFd> open_nonblocking(int fd);
  Result<> set_flags();
  void restore() noexcept;

  UniqueFd fd_;
  bool is_socket_ = false;
  bool restore_blocking_ = false;
  bool asks_first_ = false;
};

/// Pipes, fifos and ttys are opened again through /proc/self/fd, in the same direction. Sockets are duplicated: they
/// need no flag. Files that never block are duplicated. Where opening again is refused (no /proc, a pipe made by
/// another user) or would be another thing (a pty's master) and for other devices, the flag is set on the shared open
/// file, and put back at destruction or before.
Result<NonblockingFd> open_nonblocking(int fd);

/// For a program that shall write there and not read: the pipe or tty `fd` once more, for writing alone. Empty where
/// `fd` can't be read in any case, is something else, or can't be opened again.
UniqueFd open_write_end(int fd);

}  // namespace stapsh::sys
