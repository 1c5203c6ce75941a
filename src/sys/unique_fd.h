// SPDX-License-Identifier: Apache-2.0
// One file descriptor, owned: moved, never copied, closed once.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace stapsh::sys {

/// Owns a descriptor. Hand-over is visible: take a `UniqueFd` by value; lend one as `int`, with get().
class UniqueFd {
 public:
  UniqueFd() = default;
  /// Takes over `fd`; -1 is the empty object.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  /// Gives the descriptor up without closing it.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  /// Closes what is held and takes over `fd`. Closing a descriptor that is not open is our bug: it asserts.
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// Closes and says what close(2) said: a write that was put off can fail only now (ENOSPC, EDQUOT, EIO on network
/// file systems). `name` is for the message.
Result<> close_checked(UniqueFd fd, std::string_view name);

/// Closes every descriptor of this process from 3 up that is not in `kept`. Allocates nothing. Source: close_range(2),
/// since Linux 5.9; without it, one by one.
void close_all_but(std::span<const int> kept);

/// Whether both are open for the same file, pipe or socket.
bool is_same_file(int a, int b);

/// Another descriptor for the same open file, close-on-exec, 3 or above.
Result<UniqueFd> duplicate(int fd);

/// openat(2), always with O_CLOEXEC; `dir` may be AT_FDCWD. The error names `name`.
Result<UniqueFd> open_at(int dir, const std::string& name, int flags, unsigned mode = 0);

}  // namespace stapsh::sys
