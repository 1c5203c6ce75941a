// SPDX-License-Identifier: Apache-2.0
#include "sys/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

constexpr int kDepthMax = 64;
constexpr int kPassesMax = 100;  // Somebody may go on creating files while we remove them.
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Opens a directory without leaving the file system or the mount that `dir` is in: EXDEV then.
UniqueFd open_inside(int dir, const char* name) {
  open_how how{};
  how.flags = kDirectoryFlags;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
  const auto fd = static_cast<int>(::syscall(SYS_openat2, dir, name, &how, sizeof how));
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return UniqueFd(fd);
  // Before Linux 5.6, or behind an old seccomp filter. A bind mount of the same file system goes unnoticed here.
  UniqueFd opened(::openat(dir, name, kDirectoryFlags));
  struct stat outer {};
  struct stat inner {};
  if (!opened.valid()) return opened;
  if (::fstat(dir, &outer) != 0 || ::fstat(opened.get(), &inner) != 0) return {};
  if (outer.st_dev == inner.st_dev) return opened;
  errno = EXDEV;
  return {};
}

/// Our own directory may lack the bits that we need to look inside.
void make_accessible(int dir, const char* name) {
  const UniqueFd path_only(::openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!path_only.valid()) return;
  // chmod by descriptor: an O_PATH descriptor has no fchmod, and fchmodat would follow a link put there meanwhile.
  (void)::chmod(("/proc/self/fd/" + std::to_string(path_only.get())).c_str(), 0700);  // Seen when it is opened.
}

class Remover {
 public:
  void empty(int dir, const std::string& prefix, int depth) {
    // An open file of our own: a forked guardian shares the position of `dir`.
    const int fd = ::openat(dir, ".", kDirectoryFlags);
    if (fd < 0) {
      if (errno != ENOENT) note(prefix.empty() ? "." : prefix, errno);
      return;
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd), ::closedir);
    // Removing while reading may skip entries, so look again until a look changes nothing.
    bool progress = true;
    for (int pass = 0; progress && pass < kPassesMax; ++pass) {
      progress = false;
      ::rewinddir(entries.get());
      while (const dirent* entry = ::readdir(entries.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") progress |= remove_entry(dir, entry->d_name, prefix, depth);
      }
    }
  }

  [[nodiscard]] Result<> result() const {
    if (first_error_) return fail(*first_error_);
    return {};
  }

 private:
  /// True if the entry is gone.
  bool remove_entry(int dir, const char* name, const std::string& prefix, int depth) {
    if (::unlinkat(dir, name, 0) == 0 || errno == ENOENT) return true;
    const int unlink_errno = errno;  // EISDIR; EPERM is POSIX's word for it, and that of an immutable file.
    if (unlink_errno != EISDIR && unlink_errno != EPERM) return note(prefix + name, unlink_errno);
    if (depth == kDepthMax) return note(prefix + name, ELOOP);
    UniqueFd inner = open_inside(dir, name);
    if (!inner.valid() && errno == EACCES) {
      make_accessible(dir, name);
      inner = open_inside(dir, name);
    }
    if (!inner.valid()) return note(prefix + name, errno == ENOTDIR ? unlink_errno : errno);
    (void)::fchmod(inner.get(), 0700);  // Not ours: then it is seen when it is emptied.
    empty(inner.get(), prefix + name + "/", depth + 1);
    inner.reset();
    if (::unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
    return note(prefix + name, errno);
  }

  bool note(const std::string& name, int error) {
    if (!first_error_)
      first_error_ = fail_errno(name + (error == EXDEV || error == EBUSY ? " (a mount point)" : ""), error).value();
    return false;
  }

  std::optional<Error> first_error_;
};

}  // namespace

Result<> remove_contents(int dir) {
  Remover remover;
  remover.empty(dir, "", 0);
  return remover.result();
}

}  // namespace stapsh::sys
