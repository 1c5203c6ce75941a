// SPDX-License-Identifier: Apache-2.0
// Signals as something to read. Blocked signals arrive even where their disposition is "ignore".
#pragma once

#include <signal.h>

#include <optional>
#include <span>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

struct SignalInfo {
  int signo = 0;
  pid_t sender = 0;  ///< 0 if the kernel sent it.
  uid_t sender_uid = 0;
};

/// Blocks signals in this thread and reads them. Destroy it in the thread that made it.
class SignalFd {
 public:
  SignalFd() = default;
  SignalFd(SignalFd&&) noexcept = default;
  SignalFd& operator=(SignalFd&& other) noexcept;
  /// Puts the old mask back. Of its signals, those still pending are dropped: at the end of a session a late SIGTERM
  /// must not kill us half-way through the cleaning up.
  ~SignalFd() { restore(); }

  static Result<SignalFd> create(std::span<const int> signals);
  static Result<SignalFd> create(std::initializer_list<int> signals) { return create(std::span(signals)); }

  [[nodiscard]] bool valid() const { return fd_.valid(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The next pending signal, if there is one. Several of one number may have become one.
  [[nodiscard]] std::optional<SignalInfo> read() const;
  /// The mask as it was, for a process that is forked without exec.
  [[nodiscard]] const sigset_t& old_mask() const { return old_mask_; }

 private:
  void restore() noexcept;

  UniqueFd fd_;
  sigset_t old_mask_{};
};

}  // namespace stapsh::sys
