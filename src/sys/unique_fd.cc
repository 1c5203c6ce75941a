// SPDX-License-Identifier: Apache-2.0
#include "sys/unique_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/assert.h"

namespace stapsh::sys {

void UniqueFd::reset(int fd) {
  const int old = std::exchange(fd_, fd);
  if (old < 0) return;
  // Linux has closed it also when it says EINTR or EIO.
  const int saved_errno = errno;
  const bool closed = ::close(old) == 0 || errno != EBADF;
  STAPSH_ASSERT(closed);
  errno = saved_errno;
}

Result<> close_checked(UniqueFd fd, std::string_view name) {
  if (::close(fd.release()) == 0 || errno == EINTR) return {};
  const int close_errno = errno;
  STAPSH_ASSERT(close_errno != EBADF);
  return fail_errno(name, close_errno);
}

Result<UniqueFd> duplicate(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return fail_errno("cannot duplicate descriptor " + std::to_string(fd), errno);
  return UniqueFd(copy);
}

Result<UniqueFd> open_at(int dir, const std::string& name, int flags, unsigned mode) {
  for (;;) {
    const int fd = ::openat(dir, name.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return UniqueFd(fd);
    if (errno != EINTR) return fail_errno(name, errno);
  }
}

}  // namespace stapsh::sys
