// SPDX-License-Identifier: Apache-2.0
#include "sys/signal_fd.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"

namespace stapsh::sys {

SignalFd& SignalFd::operator=(SignalFd&& other) noexcept {
  if (this == &other) return *this;
  restore();
  fd_ = std::move(other.fd_);
  old_mask_ = other.old_mask_;
  return *this;
}

void SignalFd::restore() noexcept {
  if (!fd_.valid()) return;
  while (read()) {
  }
  STAPSH_ASSERT(::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr) == 0);
  fd_.reset();
}

Result<SignalFd> SignalFd::create(std::span<const int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signo : signals) STAPSH_ASSERT(::sigaddset(&set, signo) == 0);
  SignalFd result;
  result.fd_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!result.valid()) return fail_errno("cannot make a signalfd", errno);
  STAPSH_ASSERT(::pthread_sigmask(SIG_BLOCK, &set, &result.old_mask_) == 0);
  return result;
}

std::optional<SignalInfo> SignalFd::read() const {
  signalfd_siginfo info{};
  for (;;) {
    const ssize_t count = ::read(fd_.get(), &info, sizeof info);
    if (count == static_cast<ssize_t>(sizeof info)) break;
    const bool interrupted = count < 0 && errno == EINTR;
    if (!interrupted) return std::nullopt;
  }
  return SignalInfo{static_cast<int>(info.ssi_signo), static_cast<pid_t>(info.ssi_pid), info.ssi_uid};
}

}  // namespace stapsh::sys
