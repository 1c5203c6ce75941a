// SPDX-License-Identifier: Apache-2.0
#include "sys/pipe.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace stapsh::sys {

Result<Pipe> make_pipe(PipeOptions options) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  // F_SETFL can't fail on a descriptor that is open: a pipe's flags are read end and write end, nothing else.
  if (options.nonblocking_read) (void)::fcntl(fds[0], F_SETFL, O_RDONLY | O_NONBLOCK);
  if (options.nonblocking_write) (void)::fcntl(fds[1], F_SETFL, O_WRONLY | O_NONBLOCK);
  return pipe;
}

Result<std::size_t> bytes_available(int fd) {
  int count = 0;
  if (::ioctl(fd, FIONREAD, &count) != 0) return fail_errno("cannot ask how much is there to read", errno);
  return static_cast<std::size_t>(std::max(count, 0));
}

std::size_t bytes_unread(int fd) {
  int bytes = 0;
  // A unix socket's bytes count as the sender's until they are read. In the moment that the last is, which also makes
  // the socket writable, one too many is counted (sock_wfree(), net/core/sock.c); a single byte costs hundreds.
  if (::ioctl(fd, SIOCOUTQ, &bytes) == 0) return bytes > 1 ? static_cast<std::size_t>(bytes) : 0;
  // A pipe tells either end what is in it.
  if (::ioctl(fd, FIONREAD, &bytes) != 0) return 0;
  return static_cast<std::size_t>(std::max(bytes, 0));
}

void grow_pipe(int fd, std::size_t bytes) {
  const auto wanted = static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
  (void)::fcntl(fd, F_SETPIPE_SZ, wanted);  // Over the user's limit (EPERM): the pipe stays as it is, which works.
}

Result<> signal_group_on_write(int read_end, pid_t group, int signo) {
  const int flags = ::fcntl(read_end, F_GETFL);
  if (flags < 0 || ::fcntl(read_end, F_SETOWN, -group) != 0 || ::fcntl(read_end, F_SETSIG, signo) != 0 ||
      ::fcntl(read_end, F_SETFL, flags | O_ASYNC) != 0) {
    return fail_errno("cannot ask for a signal when a pipe is written", errno);
  }
  return {};
}

}  // namespace stapsh::sys
