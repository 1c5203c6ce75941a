// SPDX-License-Identifier: Apache-2.0
#include "agent/kept_modules.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <vector>

#include "agent/guest.h"
#include "base/sha256.h"
#include "sys/open_inside.h"

namespace stapsh::agent {
namespace {

constexpr std::string_view kFolderPrefix = "stapsh-modules-";

std::string descriptor_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// A file of `folder` that has no name.
Result<sys::UniqueFd> open_nameless(int folder) { return sys::open_at(folder, ".", O_TMPFILE | O_WRONLY, 0600); }

// Who may rename what is in a folder can put something else in its place.
Result<> check_parent(int parent, const std::string& path) {
  struct stat status {};
  if (::fstat(parent, &status) != 0) return fail_errno(path, errno);
  const bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
  if (!others_write && (status.st_uid == 0 || status.st_uid == ::geteuid())) return {};
  return fail(Errc::kSystem, path + ": others can change it");
}

Result<> check_folder(int folder, const std::string& path) {
  struct stat status {};
  if (::fstat(folder, &status) != 0) return fail_errno(path, errno);
  if (status.st_uid == ::geteuid() && (status.st_mode & 0777U) == 0700U) return {};
  return fail(Errc::kSystem, path + ": is no folder of mode 0700 of user " + std::to_string(::geteuid()));
}

struct Entry {
  std::string name;
  std::uint64_t bytes;
  timespec used_at;
};

bool is_older(const Entry& a, const Entry& b) {
  return a.used_at.tv_sec != b.used_at.tv_sec ? a.used_at.tv_sec < b.used_at.tv_sec
                                              : a.used_at.tv_nsec < b.used_at.tv_nsec;
}

std::vector<Entry> entries_of(int folder) {
  std::vector<Entry> entries;
  Result<sys::UniqueFd> reading = sys::open_at(folder, ".", O_RDONLY | O_DIRECTORY);
  if (!reading) return entries;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(reading->release()), ::closedir);
  if (!stream) return entries;
  while (const dirent* entry = ::readdir(stream.get())) {
    struct stat status {};
    if (!is_sha256_hex(entry->d_name)) continue;
    if (::fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) continue;
    entries.push_back({entry->d_name, static_cast<std::uint64_t>(status.st_size), status.st_mtim});
  }
  return entries;
}

}  // namespace

Result<KeptModules> KeptModules::open(std::uint64_t bytes_max) {
  if (is_guest()) return fail(Errc::kUsage, "an agent that goes with its session keeps nothing");
  if (bytes_max == 0) return fail(Errc::kUsage, "this agent keeps nothing (--kept-bytes-max 0)");
  const auto variable = [](const char* name, std::string_view below) {
    const char* const value = ::getenv(name);
    return value != nullptr && *value == '/' ? std::string(value).append(below) : std::string();
  };
  std::string why;
  for (const std::string& parent : {variable("XDG_CACHE_HOME", ""), variable("HOME", "/.cache"),
                                    std::string("/var/tmp"), variable("TMPDIR", ""), std::string("/tmp")}) {
    if (parent.empty()) continue;
    Result<KeptModules> opened = open_in(parent, bytes_max);
    if (opened) return opened;
    why += (why.empty() ? "" : "; ") + opened.error().what;
  }
  return fail(Errc::kSystem, "no folder will do to keep modules in: " + why);
}

Result<KeptModules> KeptModules::open_in(const std::string& parent, std::uint64_t bytes_max) {
  const sys::UniqueFd above = TRY(sys::open_at(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY));
  TRY(check_parent(above.get(), parent));
  KeptModules kept;
  kept.bytes_max_ = bytes_max;
  const std::string name = std::string(kFolderPrefix) + std::to_string(::geteuid());
  kept.path_ = parent + "/" + name;
  const bool made = ::mkdirat(above.get(), name.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return fail_errno("cannot make " + kept.path_, errno);
  kept.folder_ = TRY(sys::open_at(above.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(check_folder(kept.folder_.get(), kept.path_));
  // NFS has no such files; and without /proc they never get a name.
  const Result<sys::UniqueFd> nameless = open_nameless(kept.folder_.get());
  struct stat status {};
  const bool named_later = nameless && ::stat(descriptor_path(nameless->get()).c_str(), &status) == 0;
  if (!named_later) {
    if (made) (void)::unlinkat(above.get(), name.c_str(), AT_REMOVEDIR);  // The error below is what matters.
    if (!nameless) return add_context(kept.path_, nameless.error());
    return fail_errno("/proc", errno);
  }
  kept.make_room(0, 0);
  return kept;
}

Result<KeptModules::Found> KeptModules::find(const std::string& digest) const {
  if (!folder_.valid()) return fail(Errc::kSystem, "nothing is kept", ENOENT);
  Result<sys::UniqueFd> file = sys::open_own_file(folder_.get(), digest, O_RDONLY);
  if (!file && file.error().sys_errno == ENOENT) return fail(Errc::kSystem, "none is kept; send it", ENOENT);
  if (!file) return fail(std::move(file).error());
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return fail_errno(path_ + "/" + digest, errno);
  (void)::futimens(file->get(), nullptr);  // At worst it goes before others do.
  return Found{*std::move(file), static_cast<std::uint64_t>(status.st_size)};
}

void KeptModules::remove(const std::string& digest) const {
  if (folder_.valid()) (void)::unlinkat(folder_.get(), digest.c_str(), 0);  // It is verified whenever it is taken.
}

// A session's own files need room, too.
Result<> KeptModules::check_room(std::uint64_t bytes) const {
  struct statvfs disk {};
  if (bytes > bytes_max_) return fail(Errc::kLimit, "over --kept-bytes-max (" + std::to_string(bytes_max_) + ")");
  if (::fstatvfs(folder_.get(), &disk) != 0 || disk.f_blocks == 0) return {};
  if (bytes / disk.f_frsize < disk.f_bavail / 2) return {};
  return fail_errno(path_, ENOSPC);
}

Result<> KeptModules::add(int file, const std::string& digest) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return fail_errno("cannot look at what is kept", errno);
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  TRY(check_room(bytes));
  const sys::UniqueFd copy = TRY(open_nameless(folder_.get()));
  for (off_t at = 0; at < status.st_size;) {
    const ssize_t sent = ::sendfile(copy.get(), file, &at, static_cast<std::size_t>(status.st_size - at));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail_errno(path_, errno);
    if (sent == 0) return fail(Errc::kSystem, "it has become shorter");
  }
  make_room(bytes, 1);
  // Who has the name holds the same. If it does not, it goes when somebody wants to take it.
  const std::string nameless = descriptor_path(copy.get());
  if (::linkat(AT_FDCWD, nameless.c_str(), folder_.get(), digest.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  return errno == EEXIST ? Result<>() : fail_errno(path_ + "/" + digest, errno);
}

void KeptModules::make_room(std::uint64_t bytes, std::size_t files) const {
  std::vector<Entry> entries = entries_of(folder_.get());
  std::sort(entries.begin(), entries.end(), is_older);
  std::size_t count = files + entries.size();
  for (const Entry& entry : entries) bytes += entry.bytes;
  for (const Entry& entry : entries) {
    if (count <= kFilesMax && bytes <= bytes_max_) break;
    remove(entry.name);
    --count;
    bytes -= entry.bytes;
  }
}

}  // namespace stapsh::agent
