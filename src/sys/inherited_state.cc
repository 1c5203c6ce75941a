// SPDX-License-Identifier: Apache-2.0
#include "sys/inherited_state.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/assert.h"

namespace stapsh::sys {

std::vector<int> reset_inherited_process_state() {
  // The lowest free number is taken, so this fills the gaps in order. Without /dev/null they stay open. Nobody reads a
  // closed standard output, and who writes there shall know; a closed standard error is meant to be silent.
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // NOLINTNEXTLINE(android-cloexec-open): descriptors 0-2 are meant for children.
    if (::open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd) break;
  }

  std::vector<int> ignored;
  struct sigaction action {};
  for (int signo = 1; signo < NSIG; ++signo) {
    if (::sigaction(signo, nullptr, &action) != 0) continue;  // KILL and STOP are fine; glibc keeps two for itself.
    if (action.sa_handler != SIG_IGN) continue;               // exec has reset the handlers.
    ignored.push_back(signo);
    (void)::signal(signo, SIG_DFL);  // Can't fail for a number that sigaction knows.
  }
  for (const int signo : {SIGPIPE, SIGXFSZ}) STAPSH_ASSERT(::signal(signo, SIG_IGN) != SIG_ERR);

  sigset_t none;
  ::sigemptyset(&none);
  STAPSH_ASSERT(::sigprocmask(SIG_SETMASK, &none, nullptr) == 0);
  return ignored;
}

}  // namespace stapsh::sys
