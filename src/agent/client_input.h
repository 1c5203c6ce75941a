// SPDX-License-Identifier: Apache-2.0
// What the client says: bytes that were read and that the session has not taken yet, and, behind the last of them, how
// it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/epoll_set.h"
#include "sys/nonblocking.h"

namespace stapsh::agent {

class ClientInput {
 public:
  /// `fd` is lent; `first` was read from it before. News of it is an event with `id`: tell on_readable().
  Result<> open(int fd, std::string first, const sys::Epoll& epoll, std::uint64_t id);
  void on_readable() { ready_ = true; }
  /// Before a program inherits it: see sys::NonblockingFd::restore_flags().
  void restore_flags() { fd_.restore_flags(); }
  /// For poll(2).
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// A read may find something, or something waits to be taken; an end not counted.
  [[nodiscard]] bool may_have_bytes() const { return ready_ || !bytes_.empty(); }
  [[nodiscard]] bool has_news() const { return may_have_bytes() || ended_; }

  /// Reads, if all was taken that was read before. True: this was the end of input.
  bool fill();
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  void take(std::size_t count) { bytes_.erase(0, count); }
  /// For who wants none of it any more: forgets what was read, and reads once. True at the end of input.
  bool skip();

  struct End {
    std::optional<std::string> error{};  ///< Why it ended, if the client did not end it.
  };
  /// Once, when all bytes before it were taken.
  std::optional<End> take_end();

 private:
  sys::NonblockingFd fd_;
  sys::Watch watch_;    // Edge-triggered,
  bool ready_ = false;  // so this says that a read may succeed, until one would block.
  std::string bytes_;
  bool ended_ = false;  // Seen, and not yet told.
  std::optional<std::string> error_;
};

}  // namespace stapsh::agent
