// SPDX-License-Identifier: Apache-2.0
#include "sys/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sys/open_inside.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

constexpr int kPassesMax = 100;  // Somebody may go on creating files while we remove them.
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY;
constexpr std::size_t kPathShownMax = 400;

/// Our own directory may lack the bits that we need to look inside.
void make_accessible(int dir, const std::string& name) {
  const Result<UniqueFd> path_only = open_inside(dir, name, O_PATH | O_DIRECTORY);
  if (!path_only) return;
  // chmod by descriptor: an O_PATH descriptor has no fchmod, and fchmodat would follow a link put there meanwhile.
  (void)::chmod(("/proc/self/fd/" + std::to_string(path_only->get())).c_str(), 0700);  // Seen when it is opened.
}

Result<UniqueFd> open_directory(int dir, const std::string& name) {
  Result<UniqueFd> inner = open_inside(dir, name, kDirectoryFlags);
  if (!inner && inner.error().sys_errno == EACCES) {
    make_accessible(dir, name);
    inner = open_inside(dir, name, kDirectoryFlags);
  }
  if (inner) (void)::fchmod(inner->get(), 0700);  // Not ours: then it is seen when it is emptied.
  return inner;
}

bool is_immutable(int dir, const char* name) {
  struct statx status {};
  if (::statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &status) != 0) return false;
  return (status.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
}

std::string reason_of(int dir, const std::string& name, int error) {
  if (error == EXDEV || error == EBUSY) return " (a mount point)";
  if (error == EPERM && is_immutable(dir, name.c_str())) return " (immutable; chattr -i)";
  if (error == EPERM && is_immutable(dir, "")) return " (in an immutable directory; chattr -i)";
  return "";
}

// Down and up again, one open directory at a time, since a tree can be deeper than there are descriptors. The way up is
// "..", which is looked at: it is the directory that we came from, or the tree was moved while we were in it.
class Remover {
 public:
  explicit Remover(std::string_view kept) : kept_(kept) {}

  void empty(int dir) {
    Result<UniqueFd> at =
        open_at(dir, ".", kDirectoryFlags);  // An open file of our own: others share `dir`'s position.
    if (!at) {
      if (at.error().sys_errno != ENOENT) note(dir, ".", at.error().sys_errno);
      return;
    }
    at_ = *std::move(at);
    levels_.emplace_back();
    while (!levels_.empty() && step()) {
    }
  }

  [[nodiscard]] Result<> result() const {
    if (first_error_) return fail(*first_error_);
    return {};
  }

 private:
  struct Level {
    std::string name;  // In the level above.
    dev_t device = 0;  // Of the level above: to know it again.
    ino_t inode = 0;
    std::vector<std::string> directories;  // In it, of this pass.
    int passes = 0;
    bool progress = true;  // Removing while reading may skip entries, so look again until a look changes nothing.
  };

  /// One directory down, or another look, or up. False: the way up is lost.
  bool step() {
    Level& level = levels_.back();
    if (!level.directories.empty()) {
      std::string name = std::move(level.directories.back());
      level.directories.pop_back();
      descend(std::move(name));
      return true;
    }
    if (level.progress && level.passes < kPassesMax) {
      level.progress = false;
      ++level.passes;
      look(level);
      return true;
    }
    return ascend();
  }

  /// Removes what is no directory, and notes what is one.
  void look(Level& level) {
    // Reading moves the position of the open file, so another one each time.
    Result<UniqueFd> reading = open_at(at_.get(), ".", kDirectoryFlags);
    if (!reading) {
      if (reading.error().sys_errno != ENOENT) note(at_.get(), ".", reading.error().sys_errno);
      return;
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(reading->release()), ::closedir);
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || (levels_.size() == 1 && name == kept_)) continue;
      if (::unlinkat(at_.get(), name.c_str(), 0) == 0 || errno == ENOENT) {
        level.progress = true;
        continue;
      }
      // EISDIR; EPERM is POSIX's word for it, and that of an immutable file.
      const int error = errno;
      if (error == EISDIR || (error == EPERM && is_directory(name))) {
        level.directories.push_back(name);
      } else {
        note(at_.get(), name, error);
      }
    }
  }

  [[nodiscard]] bool is_directory(const std::string& name) const {
    const Result<UniqueFd> path_only = open_inside(at_.get(), name, O_PATH);
    struct stat status {};
    // A mount point, too, is for descend() to say.
    if (!path_only) return path_only.error().sys_errno == EXDEV;
    return ::fstat(path_only->get(), &status) == 0 && S_ISDIR(status.st_mode);
  }

  void descend(std::string name) {
    Level inner;
    struct stat status {};
    Result<UniqueFd> opened = open_directory(at_.get(), name);
    if (!opened || ::fstat(at_.get(), &status) != 0) {
      const int error = opened ? errno : opened.error().sys_errno;
      if (error != ENOENT) note(at_.get(), name, error);
      return;
    }
    inner.name = std::move(name);
    inner.device = status.st_dev;
    inner.inode = status.st_ino;
    at_ = *std::move(opened);
    levels_.push_back(std::move(inner));
  }

  bool ascend() {
    const Level inner = std::move(levels_.back());
    levels_.pop_back();
    if (levels_.empty()) return true;
    Result<UniqueFd> outer = open_at(at_.get(), "..", kDirectoryFlags);
    struct stat status {};
    if (!outer || ::fstat(outer->get(), &status) != 0) {
      note(at_.get(), inner.name, outer ? errno : outer.error().sys_errno);
      return false;
    }
    if (status.st_dev != inner.device || status.st_ino != inner.inode) {
      note(at_.get(), inner.name + " (was moved while it was removed)", ESTALE);
      return false;
    }
    at_ = *std::move(outer);
    if (::unlinkat(at_.get(), inner.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) {
      levels_.back().progress = true;
    } else {
      note(at_.get(), inner.name, errno);
    }
    return true;
  }

  /// The first one counts: what is around something that stays is not empty.
  void note(int dir, const std::string& name, int error) {
    if (first_error_) return;
    std::string path;
    for (std::size_t i = 1; i < levels_.size(); ++i) path += levels_[i].name + "/";
    path += name;
    if (path.size() > kPathShownMax) {
      path = path.substr(0, kPathShownMax / 2) + "…" + path.substr(path.size() - kPathShownMax / 2);
    }
    first_error_ = fail_errno(path + reason_of(dir, name, error), error).value();
  }

  std::string_view kept_;
  UniqueFd at_;
  std::vector<Level> levels_;
  std::optional<Error> first_error_;
};

}  // namespace

Result<> remove_contents(int dir, std::string_view kept) {
  Remover remover(kept);
  remover.empty(dir);
  return remover.result();
}

}  // namespace stapsh::sys
