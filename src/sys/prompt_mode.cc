// SPDX-License-Identifier: Apache-2.0
#include "sys/prompt_mode.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "sys/terminal.h"

namespace stapsh::sys {
namespace {

// Not PENDIN, which the kernel sets where a mode changes while something is typed.
bool is_same(const termios& one, const termios& other) {
  constexpr tcflag_t kOurs = ICANON | ECHO | ISIG;
  return (one.c_lflag & kOurs) == (other.c_lflag & kOurs) && one.c_iflag == other.c_iflag &&
         one.c_oflag == other.c_oflag;
}

}  // namespace

Result<UniqueFd> open_own_terminal() {
  UniqueFd fd(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) return fail_errno("/dev/tty", errno);
  return fd;
}

std::optional<termios> terminal_mode(int fd) {
  termios mode{};
  return ::tcgetattr(fd, &mode) == 0 ? std::optional(mode) : std::nullopt;
}

termios question_mode(termios mode, bool shown) {
  mode.c_iflag |= ICRNL;
  mode.c_lflag |= ICANON | ISIG;
  if (shown) {
    mode.c_lflag |= ECHO;
  } else {
    mode.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
  }
  return mode;
}

Result<> begin_question_mode(int fd, const termios& mode) {
  int done = 0;
  do done = ::tcsetattr(fd, TCSAFLUSH, &mode);
  while (done != 0 && errno == EINTR);
  if (done != 0) return fail_errno("the terminal", errno);
  return {};
}

void end_question_mode(int fd, const termios& asking, const termios& before) {
  const std::optional<termios> now = terminal_mode(fd);
  if (now && is_same(*now, asking)) set_terminal_mode(fd, before);
}

}  // namespace stapsh::sys
