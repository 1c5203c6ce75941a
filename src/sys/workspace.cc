// SPDX-License-Identifier: Apache-2.0
#include "sys/workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "sys/file_lock.h"
#include "sys/open_inside.h"
#include "sys/random_name.h"
#include "sys/remove_tree.h"

namespace stapsh::sys {
namespace {

constexpr std::string_view kPrefix = "stapsh.";
// In each workspace, before anything else and after all else: a directory without it is somebody's own, whatever it is
// called.
constexpr const char* kMarker = ".stapsh-workspace";
constexpr std::string_view kCannotMake = "cannot make a working directory";
constexpr int kAttemptsMax = 100;
constexpr timespec kAttemptPause{0, 1'000'000};
constexpr int kRemovalsMax = 10;
// Anybody can fill a shared folder with names like ours: who looks there must not be held.
constexpr int kCandidatesMax = 10'000;
constexpr int kTriesMax = 2;

Result<UniqueFd> open_parent(const std::string& parent) {
  auto fd = open_at(AT_FDCWD, parent, O_PATH | O_DIRECTORY);
  if (!fd) return add_context(std::string(kCannotMake) + " (TMPDIR chooses another place)", std::move(fd).error());
  return fd;
}

Result<UniqueFd> make_marker(int dir) { return open_at(dir, kMarker, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600); }

std::string cannot_make_in(const std::string& parent) {
  return std::string(kCannotMake) + " in " + parent + " (TMPDIR chooses another place)";
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= NAME_MAX && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

/// Whether `size` bytes would find room now. None is taken: who announces bytes may never send them. A file system that
/// does not tell (a tmpfs without a limit has 0 blocks) says so when they are written.
bool has_room(int dir, std::uint64_t size) {
  struct statvfs disk {};
  if (::fstatvfs(dir, &disk) != 0 || disk.f_blocks == 0) return true;
  const std::uint64_t blocks = ::geteuid() == 0 ? disk.f_bfree : disk.f_bavail;  // Some are for root alone.
  return size / disk.f_frsize + (size % disk.f_frsize != 0 ? 1 : 0) <= blocks;
}

}  // namespace

std::string default_workspace_parent() {
  const char* const variable = ::getenv("TMPDIR");
  return variable != nullptr && *variable == '/' ? variable : "/tmp";
}

Result<> check_workspace_parent(const std::string& parent) {
  const UniqueFd fd = TRY(open_parent(parent));
  if (::faccessat(AT_FDCWD, parent.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return {};
  return fail_errno(cannot_make_in(parent), errno);
}

Workspace& Workspace::operator=(Workspace&& other) noexcept {
  if (this == &other) return *this;
  (void)remove();  // As in the destructor.
  parent_ = std::move(other.parent_);
  dir_ = std::move(other.dir_);
  name_ = std::move(other.name_);
  path_ = std::move(other.path_);
  return *this;
}

Workspace::~Workspace() {
  (void)remove();  // A destructor has nobody to tell; who wants to know calls remove().
}

Result<Workspace> Workspace::create(const std::string& parent, const std::optional<std::string>& own_name) {
  Workspace result;
  result.parent_ = TRY(open_parent(parent));
  STAPSH_ASSERT(!own_name || own_name->size() == kIdCharacters);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    // Without another name to take, give who has it (see below) a moment.
    if (own_name && attempt > 0) (void)::nanosleep(&kAttemptPause, nullptr);
    const std::string name = std::string(kPrefix) + (own_name ? *own_name : TRY(random_name(kIdCharacters)));
    if (::mkdirat(result.parent_.get(), name.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      return fail_errno(cannot_make_in(parent), errno);
    }
    // An agent that sweeps can take a new directory for a dead session's until it is locked: then try again.
    auto dir = open_at(result.parent_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!dir) {
      if (dir.error().sys_errno == ENOENT) continue;
      (void)::unlinkat(result.parent_.get(), name.c_str(), AT_REMOVEDIR);  // The error below is what matters.
      return add_context("cannot open the new working directory in " + parent, std::move(dir).error());
    }
    // NFS can't lock directories (EBADF). Then nobody can adopt it either, see there.
    if (const Result<bool> locked = try_lock(dir->get()); locked && !*locked) continue;
    if (!is_named(result.parent_.get(), name, dir->get())) continue;
    (void)::fchmod(dir->get(), 0700);  // An odd umask may have taken bits away; more than 0700 it never is.
    result.dir_ = *std::move(dir);
    result.name_ = name;
    result.path_ = parent + "/" + name;
    // An empty file needs no room on the disk but its name.
    if (const auto marker = make_marker(result.dir_.get()); !marker) {
      // It is empty, and to look into it would need a descriptor, which may be what there is none of.
      if (::unlinkat(result.parent_.get(), name.c_str(), AT_REMOVEDIR) == 0) result.abandon();
      return add_context(std::string(kCannotMake) + " in " + parent, marker.error());
    }
    // From here on, a return that fails removes it.
    return result;
  }
  return fail(Errc::kSystem, std::string(kCannotMake) + " in " + parent + ": each one was taken, or taken away");
}

Result<std::optional<Workspace>> Workspace::adopt(const std::string& parent, const std::string& name) {
  std::optional<Workspace> result(std::in_place);
  result->parent_ = TRY(open_parent(parent));
  auto dir = open_at(result->parent_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir) {
    if (dir.error().sys_errno == ENOENT) return std::optional<Workspace>();
    return fail(std::move(dir).error());
  }
  struct stat status {};
  if (::fstat(dir->get(), &status) != 0) return fail_errno(name, errno);
  if (status.st_uid != ::geteuid()) return fail_errno(name + ": another user's", EPERM);
  const Result<bool> locked = try_lock(dir->get());
  if (!locked) return add_context(name + ": cannot tell whether its session lives", locked.error());
  if (!*locked) return fail_errno(name + ": a session has it", EWOULDBLOCK);
  if (!is_named(result->parent_.get(), name, dir->get())) {
    if (::fstat(dir->get(), &status) == 0 && status.st_nlink == 0) return std::optional<Workspace>();
    return fail_errno(name + ": was moved meanwhile", ESTALE);
  }
  if (!open_own_file(dir->get(), kMarker, O_RDONLY)) {
    // Its maker died before the marker, if it is one: then it is empty, and rmdir(2) takes nothing else.
    if (::unlinkat(result->parent_.get(), name.c_str(), AT_REMOVEDIR) == 0) return std::optional<Workspace>();
    return fail_errno(name + ": no file " + kMarker + " in it says that it is a workspace", errno);
  }
  result->dir_ = *std::move(dir);
  result->name_ = name;
  result->path_ = parent + "/" + name;
  return result;
}

namespace {

// In a directory that others may rearrange they could give any directory of ours a workspace's name.
bool is_safe_parent(int parent) {
  struct stat status {};
  if (::fstat(parent, &status) != 0) return false;
  const bool own = status.st_uid == 0 || status.st_uid == ::geteuid();
  return own && ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (status.st_mode & S_ISVTX) != 0);
}

}  // namespace

std::vector<std::string> Workspace::candidates(const std::string& parent) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(parent.c_str()), ::closedir);
  if (!entries || !is_safe_parent(::dirfd(entries.get()))) return names;
  int looked_at = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    struct stat status {};
    if (!is_name(name) || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)) continue;
    if (++looked_at > kCandidatesMax) break;
    const Result<UniqueFd> found = open_inside(::dirfd(entries.get()), name, O_PATH);
    if (!found || ::fstat(found->get(), &status) != 0) continue;
    const bool private_mode = status.st_mode == (S_IFDIR | 0700U) || status.st_mode == (S_IFDIR | kLentMode);
    if (private_mode && status.st_uid == ::geteuid()) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string Workspace::name_of(std::string_view id) { return std::string(kPrefix).append(id); }

bool Workspace::is_name(std::string_view name) {
  return name.starts_with(kPrefix) && name.size() == kPrefix.size() + kIdCharacters &&
         std::all_of(name.begin() + kPrefix.size(), name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

Result<UniqueFd> Workspace::create_file(const std::string& name, std::uint64_t size) const {
  if (!is_plain_name(name)) return fail(Errc::kUsage, "'" + name + "' is not a plain file name");
  if (!has_room(dir_.get(), size)) {
    return fail_errno(name + ": no room for " + std::to_string(size) + " bytes in " + path_, ENOSPC);
  }
  return open_at(dir_.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

Result<UniqueFd> Workspace::open_file(const std::string& name) const {
  if (!is_plain_name(name)) return fail(Errc::kUsage, "'" + name + "' is not a plain file name");
  return open_own_file(dir_.get(), name, O_RDONLY);
}

Result<> Workspace::remove_file(const std::string& name) const {
  if (!is_plain_name(name)) return fail(Errc::kUsage, "'" + name + "' is not a plain file name");
  if (::unlinkat(dir_.get(), name.c_str(), 0) != 0) return fail_errno(name, errno);
  return {};
}

bool Workspace::is_gone() const {
  struct stat status {};
  return ::fstat(dir_.get(), &status) == 0 && status.st_nlink == 0;
}

Result<> Workspace::remove_directory() const {
  if (is_named(parent_.get(), name_, dir_.get())) {
    if (::unlinkat(parent_.get(), name_.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    return fail_errno(path_, errno);
  }
  if (is_gone()) return {};
  // It was renamed: the kernel knows where to.
  std::array<char, PATH_MAX> target;
  const ssize_t size =
      ::readlink(("/proc/self/fd/" + std::to_string(dir_.get())).c_str(), target.data(), target.size());
  const std::string path(target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (path.ends_with(" (deleted)")) return {};  // File systems that keep a link count of 1.
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return fail(Errc::kSystem, path_ + ": was moved, and cannot be found");
  const UniqueFd parent = TRY(open_at(AT_FDCWD, path.substr(0, slash + 1), O_PATH | O_DIRECTORY));
  const std::string name = path.substr(slash + 1);
  if (!is_named(parent.get(), name, dir_.get())) return fail(Errc::kSystem, path_ + ": was moved while it was removed");
  if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0) return fail_errno(path, errno);
  return {};
}

// While anything stays, so does the marker: what has none is nobody's to remove.
Result<> Workspace::remove_emptied() const {
  if (::unlinkat(dir_.get(), kMarker, 0) != 0 && errno != ENOENT) return fail_errno(path_ + "/" + kMarker, errno);
  Result<> removed = remove_directory();
  if (!removed) (void)make_marker(dir_.get());  // Its room has just become free.
  return removed;
}

Result<> Workspace::remove() {
  if (!valid()) return {};
  for (int attempt = 1;; ++attempt) {
    // What has the marker's name and is none goes as all else.
    const bool marked = open_own_file(dir_.get(), kMarker, O_RDONLY).has_value();
    Result<> removed = remove_contents(dir_.get(), marked ? kMarker : "");
    if (!removed) removed = add_context(path_, std::move(removed).error());
    if (removed) removed = remove_emptied();
    if (removed) break;
    // Something new in it: a process of the session writes still. What else failed may have been a want of memory or of
    // descriptors, which passes.
    if (attempt == (removed.error().sys_errno == ENOTEMPTY ? kRemovalsMax : kTriesMax)) return removed;
  }
  abandon();
  return {};
}

void Workspace::abandon() {
  dir_.reset();
  parent_.reset();
}

}  // namespace stapsh::sys
