// SPDX-License-Identifier: Apache-2.0
#include "sys/terminal_rescue.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "base/assert.h"

namespace stapsh::sys::terminal_rescue {
namespace {

struct Kept {
  pid_t owner = 0;  // Not a child that has not executed its program yet.
  volatile sig_atomic_t has_screen = 0, has_mode = 0;
  int screen = -1;
  std::array<char, kLeaveBytesMax> leave{};
  std::size_t leave_bytes = 0;
  int keys = -1;
  termios mode{};
};
// A handler finds nothing but what is global.
Kept kept;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

bool is_foreground(int fd) { return ::tcgetpgrp(fd) == ::getpgrp(); }

void leave_screen() {
  constexpr int kTries = 10, kTryMs = 100;  // Of a terminal that does not take it now.
  std::size_t done = 0;
  for (int i = 0; i < kTries && done < kept.leave_bytes; ++i) {
    const ssize_t wrote = ::write(kept.screen, kept.leave.data() + done, kept.leave_bytes - done);
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) return;
    pollfd ready{kept.screen, POLLOUT, 0};
    if (wrote < 0) (void)::poll(&ready, 1, kTryMs);
  }
}

// Calls only what may be called in a handler (signal-safety(7)).
void on_fatal_signal(int signo) {
  if (kept.owner == ::getpid()) {
    if (kept.has_screen != 0 && is_foreground(kept.screen)) leave_screen();
    if (kept.has_mode != 0 && is_foreground(kept.keys)) (void)::tcsetattr(kept.keys, TCSANOW, &kept.mode);
  }
  (void)::raise(signo);  // Its default, which we are back at, is done when we return.
}

bool ends_us(int signo) {
  constexpr std::array kOthers{SIGKILL, SIGSTOP, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH};
  return std::find(kOthers.begin(), kOthers.end(), signo) == kOthers.end();
}

// All that have one disposition get another.
void change_handlers(void (*from)(int), void (*to)(int)) {
  for (int signo = 1; signo < NSIG; ++signo) {
    struct sigaction now {};
    if (!ends_us(signo) || ::sigaction(signo, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0) continue;
    if (now.sa_handler != from) continue;
    struct sigaction next {};
    next.sa_handler = to;
    next.sa_flags = to == SIG_DFL ? 0 : static_cast<int>(SA_RESETHAND);
    ::sigfillset(&next.sa_mask);
    (void)::sigaction(signo, &next, nullptr);
  }
}

void begin() {
  if (kept.has_screen != 0 || kept.has_mode != 0) return;
  kept.owner = ::getpid();
  change_handlers(SIG_DFL, on_fatal_signal);
}

void end() {
  if (kept.has_screen == 0 && kept.has_mode == 0) change_handlers(on_fatal_signal, SIG_DFL);
}

}  // namespace

void keep_screen(int fd, std::string_view leave) {
  STAPSH_ASSERT(leave.size() <= kept.leave.size());
  forget_screen();
  begin();
  kept.screen = fd;
  std::copy(leave.begin(), leave.end(), kept.leave.begin());
  kept.leave_bytes = leave.size();
  std::atomic_signal_fence(std::memory_order_seq_cst);
  kept.has_screen = 1;
}

void forget_screen() {
  if (kept.has_screen == 0) return;
  kept.has_screen = 0;
  end();
}

void keep_mode(int fd, const termios& mode) {
  forget_mode();
  begin();
  kept.keys = fd;
  kept.mode = mode;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  kept.has_mode = 1;
}

void forget_mode() {
  if (kept.has_mode == 0) return;
  kept.has_mode = 0;
  end();
}

std::optional<termios> kept_mode() { return kept.has_mode != 0 ? std::optional(kept.mode) : std::nullopt; }

}  // namespace stapsh::sys::terminal_rescue
