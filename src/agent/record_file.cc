// SPDX-License-Identifier: Apache-2.0
#include "agent/record_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "agent/guest.h"
#include "sys/file_lock.h"
#include "sys/open_inside.h"
#include "sys/workspace.h"

namespace stapsh::agent {
namespace {

constexpr const char* kRootsParent = "/run";
constexpr const char* kVariable = "XDG_RUNTIME_DIR";
constexpr const char* kFolderName = "stapsh";
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr int kNamesMax = 100;
constexpr timespec kAttemptPause{0, 1'000'000};
constexpr int kRemovalsMax = 2;

/// By what is open, not by what has the name.
Result<> check_ours(int fd, const std::string& path, mode_t refused) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(path, errno);
  if (status.st_uid != ::geteuid()) return fail(Errc::kSystem, path + ": belongs to another user", EPERM);
  if ((status.st_mode & refused) != 0)
    return fail(Errc::kSystem, path + ": is open to other users (chmod 700 it)", EPERM);
  return {};
}

bool is_absent(const Error& error) {
  return error.sys_errno == ENOENT || error.sys_errno == ENOTDIR || error.sys_errno == EACCES ||
         error.sys_errno == EROFS;
}

// Root of a user namespace may be nobody's root out there: then it is a user like others.
bool is_roots(const char* path) {
  struct stat status {};
  return ::stat(path, &status) == 0 && status.st_uid == 0;
}

}  // namespace

Result<std::optional<RecordFolder>> RecordFolder::open(Missing missing) {
  using Found = std::optional<RecordFolder>;
  const bool root = ::geteuid() == 0 && is_roots(kRootsParent);
  const char* const variable = root ? kRootsParent : ::getenv(kVariable);
  if (variable == nullptr || *variable != '/') return Found();
  const std::string parent = variable;
  if (!root) {
    // Of a user who became another one (su), it is that one's still.
    const Result<sys::UniqueFd> opened = sys::open_at(AT_FDCWD, parent, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!opened || !check_ours(opened->get(), parent, kOthers)) return Found();
  }
  Result<RecordFolder> folder = open_in(parent, missing);
  if (folder) return Found(*std::move(folder));
  if (is_absent(folder.error())) return Found();
  return fail(std::move(folder).error());
}

Result<RecordFolder> RecordFolder::open_in(const std::string& parent, Missing missing) {
  const sys::UniqueFd above = TRY(sys::open_at(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY));
  // Where the sticky bit is (a plain tmpfs has mode 1777) others can make things, and not replace ours.
  struct stat status {};
  const bool sticky = ::fstat(above.get(), &status) == 0 && (status.st_mode & S_ISVTX) != 0;
  TRY(check_ours(above.get(), parent, sticky ? 0 : kOthersWrite));
  RecordFolder folder;
  folder.path_ = parent + "/" + kFolderName;
  const bool makes = missing == Missing::kMade;
  const bool made = makes && ::mkdirat(above.get(), kFolderName, 0700) == 0;
  if (makes && !made && errno != EEXIST) return fail_errno("cannot make " + folder.path_, errno);
  folder.fd_ = TRY(sys::open_at(above.get(), kFolderName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (made) (void)::fchmod(folder.fd_.get(), 0700);  // An odd umask may have taken bits away.
  TRY(check_ours(folder.fd_.get(), folder.path_, kOthers));
  return folder;
}

std::vector<std::string> RecordFolder::names() const {
  std::vector<std::string> names;
  Result<sys::UniqueFd> reading = sys::open_at(fd_.get(), ".", O_RDONLY | O_DIRECTORY);
  if (!reading) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(reading->release()), ::closedir);
  while (const dirent* entry = ::readdir(entries.get())) {
    if (sys::Workspace::is_name(entry->d_name)) names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<RecordFile> RecordFile::create(const RecordFolder& folder, const std::string& name) {
  RecordFile record;
  record.folder_ = TRY(sys::duplicate(folder.fd()));
  record.name_ = name;
  record.path_ = folder.path() + "/" + name;
  for (int attempt = 0; attempt < kNamesMax; ++attempt) {
    // A sweep can have a new file locked, to see what it is, and take it for a dead session's, or be ending the one
    // that has the name: give it a moment.
    if (attempt > 0) (void)::nanosleep(&kAttemptPause, nullptr);
    if (!record.valid()) {
      Result<sys::UniqueFd> file = sys::open_at(folder.fd(), name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
      if (!file && file.error().sys_errno == EEXIST) continue;
      if (!file) return fail(std::move(file).error());
      record.file_ = *std::move(file);
    }
    const bool locked = TRY(record.lock());
    if (locked) return record;
    if (!sys::is_named(folder.fd(), name, record.file_.get())) record.file_.reset();
  }
  return fail_errno(record.path_, EEXIST);
}

Result<RecordFile> RecordFile::open(const RecordFolder& folder, const std::string& name) {
  RecordFile record;
  record.file_ = TRY(sys::open_own_file(folder.fd(), name, O_RDWR));
  record.folder_ = TRY(sys::duplicate(folder.fd()));
  record.name_ = name;
  record.path_ = folder.path() + "/" + name;
  return record;
}

Result<bool> RecordFile::lock() const {
  const bool locked = TRY(sys::try_lock(file_.get()));
  return locked && sys::is_named(folder_.get(), name_, file_.get());
}

Result<> RecordFile::write(const SessionRecord& record) const {
  if (!valid()) return {};
  const std::string text = format_record(record);
  if (text.size() > kRecordBytesMax) return fail_errno(path_, EFBIG);
  // In one piece; what is left of a longer one stands behind its end.
  const ssize_t wrote = ::pwrite(file_.get(), text.data(), text.size(), 0);
  if (wrote < 0) return fail_errno(path_, errno);
  if (wrote != static_cast<ssize_t>(text.size())) return fail_errno(path_, ENOSPC);
  if (::ftruncate(file_.get(), wrote) != 0) return fail_errno(path_, errno);
  return {};
}

Result<std::optional<SessionRecord>> RecordFile::read(bool& empty) const {
  const std::string text = TRY(sys::read_whole(file_.get(), kRecordBytesMax));
  empty = text.empty();
  std::optional<SessionRecord> record = parse_record(text);
  // One that speaks of another session's workspace could have that one ended.
  if (record && !record->workspace.ends_with("/" + name_)) record.reset();
  return record;
}

Result<> RecordFile::remove() {
  if (!valid()) return {};
  for (int attempt = 1;; ++attempt) {
    // Who has the lock has the name, unless somebody has removed it.
    struct stat status {};
    const bool gone = ::fstat(file_.get(), &status) == 0 && status.st_nlink == 0;
    if (gone || ::unlinkat(folder_.get(), name_.c_str(), 0) == 0 || errno == ENOENT) break;
    if (attempt == kRemovalsMax) return fail_errno(path_, errno);  // A want of memory passes.
  }
  if (is_guest()) (void)::rmdir(path_.substr(0, path_.rfind('/')).c_str());  // Others may use it.
  *this = RecordFile();
  return {};
}

}  // namespace stapsh::agent
