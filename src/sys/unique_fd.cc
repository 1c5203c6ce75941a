// SPDX-License-Identifier: Apache-2.0
#include "sys/unique_fd.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/assert.h"

namespace stapsh::sys {
namespace {

// Of a limit in the billions, as in some containers, only the beginning is ever in use.
constexpr rlim_t kDescriptorsMax = 65'536;

}  // namespace

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

void close_all_but(std::span<const int> kept) {
  unsigned from = 3;
  while (true) {
    // The range up to the next one that is kept.
    unsigned next = ~0U;
    for (const int fd : kept) {
      const auto number = static_cast<unsigned>(fd);
      if (number >= from) next = std::min(next, number);
    }
    if (next > from && ::syscall(SYS_close_range, from, next - 1, 0U) != 0) {
      // Refused, or before 5.9. The limit may have been lowered below what is open; nobody does that.
      rlimit limit{};
      (void)::getrlimit(RLIMIT_NOFILE, &limit);
      const auto end = static_cast<unsigned>(std::min<rlim_t>({limit.rlim_max, next, kDescriptorsMax}));
      for (unsigned fd = from; fd < end; ++fd) (void)::close(static_cast<int>(fd));  // EBADF is the usual answer.
    }
    if (next == ~0U) return;
    from = next + 1;
  }
}

bool is_same_file(int a, int b) {
  struct stat of_a {};
  struct stat of_b {};
  return ::fstat(a, &of_a) == 0 && ::fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
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
