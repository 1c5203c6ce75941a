// SPDX-License-Identifier: Apache-2.0
#include "sys/pseudo_terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace stapsh::sys {

Result<Pipe> make_pseudo_terminal() {
  Pipe pipe;
  pipe.read_end = UniqueFd(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!pipe.read_end.valid()) return fail_errno("/dev/ptmx", errno);
  const int unlocked = 0;
  if (::ioctl(pipe.read_end.get(), TIOCSPTLCK, &unlocked) != 0) return fail_errno("/dev/ptmx", errno);
  // By descriptor: /dev/pts may be another mount's. Since Linux 4.13.
  pipe.write_end = UniqueFd(::ioctl(pipe.read_end.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pipe.write_end.valid()) return fail_errno("/dev/ptmx", errno);
  return pipe;
}

}  // namespace stapsh::sys
