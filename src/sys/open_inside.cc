// SPDX-License-Identifier: Apache-2.0
#include "sys/open_inside.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace stapsh::sys {
namespace {

constexpr std::size_t kUntoldBytes = 4'096;  // To begin with.

}  // namespace

Result<UniqueFd> open_inside(int dir, const std::string& name, int flags) {
  flags |= O_NOFOLLOW | O_CLOEXEC;
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
  // With O_PATH a link itself may be opened, which RESOLVE_NO_SYMLINKS would refuse; the last name is never followed.
  if ((flags & O_PATH) != 0) how.resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH;
  const auto fd = static_cast<int>(::syscall(SYS_openat2, dir, name.c_str(), &how, sizeof how));
  if (fd >= 0) return UniqueFd(fd);
  if (errno != ENOSYS && errno != EPERM) return fail_errno(name, errno);
  // Before Linux 5.6, or behind an old seccomp filter. A bind mount of the same file system goes unnoticed here.
  UniqueFd opened = TRY(open_at(dir, name, flags));
  struct stat outer {};
  struct stat inner {};
  if (::fstat(dir, &outer) != 0 || ::fstat(opened.get(), &inner) != 0) return fail_errno(name, errno);
  // A plain file of an overlay may have another device number than its directory.
  if (S_ISDIR(inner.st_mode) && outer.st_dev != inner.st_dev) return fail_errno(name, EXDEV);
  return opened;
}

namespace {

Result<> check_own_file(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(name, errno);
  if (!S_ISREG(status.st_mode)) return fail(Errc::kSystem, name + ": is no regular file", EINVAL);
  if (status.st_uid != ::geteuid()) return fail_errno(name + ": another user's", EPERM);
  return {};
}

}  // namespace

Result<UniqueFd> open_own_file(int dir, const std::string& name, int flags) {
  const UniqueFd path_only = TRY(open_inside(dir, name, O_PATH));
  TRY(check_own_file(path_only.get(), name));
  // It can be another by now, so it is asked again, and must not block: a FIFO, a terminal, a leased file.
  UniqueFd file = TRY(open_inside(dir, name, flags | O_NONBLOCK | O_NOCTTY));
  TRY(check_own_file(file.get(), name));
  return file;
}

Result<std::string> read_whole(int file, std::size_t bytes_max) {
  // Room for what it says to have, and for one byte more, which tells that it has no more; /proc says that it has none.
  struct stat status {};
  const bool tells = ::fstat(file, &status) == 0 && status.st_size > 0;
  const std::size_t room = tells ? static_cast<std::size_t>(status.st_size) + 1 : kUntoldBytes;
  std::string text(std::min(room, bytes_max + 1), '\0');
  std::size_t size = 0;
  while (true) {
    if (size == text.size()) {
      if (size > bytes_max) break;
      text.resize(std::min(2 * size, bytes_max + 1));
    }
    const ssize_t got = ::pread(file, text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read", errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > bytes_max) return fail_errno("over " + std::to_string(bytes_max) + " bytes", EFBIG);
  text.resize(size);
  return text;
}

}  // namespace stapsh::sys
