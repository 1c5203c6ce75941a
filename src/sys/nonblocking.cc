// SPDX-License-Identifier: Apache-2.0
#include "sys/nonblocking.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "sys/clock.h"

namespace stapsh::sys {
namespace {

bool is_pty_master(int fd) {
  unsigned number = 0;
  return ::ioctl(fd, TIOCGPTN, &number) == 0;
}

/// The same pipe or tty as an open file of its own; invalid where that is refused.
UniqueFd open_again(int fd, const struct stat& status, int flags) {
  const bool is_tty = S_ISCHR(status.st_mode) && ::isatty(fd) == 1;
  if (!S_ISFIFO(status.st_mode) && !is_tty) return {};
  if (is_tty && is_pty_master(fd)) return {};  // /dev/ptmx opened again is another terminal.
  auto opened = open_at(AT_FDCWD, "/proc/self/fd/" + std::to_string(fd),
                        (flags & (O_ACCMODE | O_APPEND | O_NONBLOCK)) | O_NOCTTY);
  if (!opened) return {};
  // In a container, the path of a tty can lead to another device, or /proc to something else.
  struct stat again {};
  if (::fstat(opened->get(), &again) != 0) return {};
  if (again.st_dev != status.st_dev || again.st_ino != status.st_ino) return {};
  return *std::move(opened);
}

}  // namespace

NonblockingFd& NonblockingFd::operator=(NonblockingFd&& other) noexcept {
  if (this == &other) return *this;
  restore();
  fd_ = std::move(other.fd_);
  is_socket_ = other.is_socket_;
  restore_blocking_ = std::exchange(other.restore_blocking_, false);
  asks_first_ = other.asks_first_;
  return *this;
}

void NonblockingFd::restore() noexcept {
  restore_flags();
  fd_.reset();
}

void NonblockingFd::restore_flags() noexcept {
  // Only the flag that we set: somebody may have changed another one meanwhile.
  if (fd_.valid() && restore_blocking_) {
    const int flags = ::fcntl(fd_.get(), F_GETFL);
    if (flags >= 0) (void)::fcntl(fd_.get(), F_SETFL, flags & ~O_NONBLOCK);  // Can't fail where F_GETFL did not.
    asks_first_ = true;
  }
  restore_blocking_ = false;
}

Result<IoResult> NonblockingFd::read(std::span<char> buffer) const {
  if (asks_first_ && !TRY(wait_for(fd_.get(), POLLIN, now()))) return IoResult{.would_block = true};
  return read_some(fd_.get(), buffer);
}

Result<> NonblockingFd::set_flags() {
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  if (flags < 0) return fail_errno("cannot read a descriptor's flags", errno);
  if ((flags & O_NONBLOCK) != 0) return {};
  if (::fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return fail_errno("cannot make a descriptor nonblocking", errno);
  }
  restore_blocking_ = true;
  return {};
}

Result<> NonblockingFd::prepare_splice() { return is_socket_ ? set_flags() : Result<>(); }

Result<NonblockingFd> open_nonblocking(int fd) {
  struct stat status {};
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fstat(fd, &status) != 0) return fail_errno("descriptor " + std::to_string(fd), errno);
  NonblockingFd result;
  result.fd_ = open_again(fd, status, flags | O_NONBLOCK);
  if (result.valid()) return result;
  result.fd_ = TRY(duplicate(fd));
  result.is_socket_ = S_ISSOCK(status.st_mode);
  // Regular files and directories never wait for anybody; block devices not for long.
  if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) TRY(result.set_flags());
  return result;
}

UniqueFd open_write_end(int fd) {
  struct stat status {};
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) != O_RDWR || ::fstat(fd, &status) != 0) return {};
  return open_again(fd, status, (flags & O_APPEND) | O_WRONLY);
}

}  // namespace stapsh::sys
