// SPDX-License-Identifier: Apache-2.0
#include "client/output/whole_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "sys/io.h"

namespace stapsh::client {
namespace {

// Of a pipe or a device: a reader that takes its time.
constexpr Duration kWriteTime = std::chrono::seconds(60);

}  // namespace

Result<WholeFile> WholeFile::open(const std::string& option, const std::string& path, UsedFiles& used) {
  if (path == "-") {
    return fail(Errc::kUsage, option +
                                  ": - is no file: give its name; ./- if it is called so, /dev/stdout if it is to "
                                  "stand among the answers");
  }
  TRY(used.check(option, AT_FDCWD, path, path));
  constexpr int kFlags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  sys::UniqueFd file(::open(path.c_str(), kFlags | O_EXCL, 0666));
  const bool is_new = file.valid();
  if (!is_new) file = sys::UniqueFd(::open(path.c_str(), kFlags, 0666));
  if (!file.valid()) {
    return fail(Errc::kUsage, option + ": " + path + ": " + std::strerror(errno) + "; name a file that you can write");
  }
  used.add_open(option + "'s file", file.get());
  return WholeFile(option + ": " + path, path, is_new, std::move(file));
}

// A command line that is wrong in something else leaves no empty page.
WholeFile::~WholeFile() {
  if (file_.valid() && !made_.empty()) (void)::unlink(made_.c_str());
}

Result<> WholeFile::write(std::string_view bytes) {
  std::string beside;
  const sys::UniqueFd file = open_beside(beside);
  if (!file.valid()) return write_in_place(bytes);
  Result<> wrote = sys::write_all(file.get(), bytes, kWriteTime);
  if (wrote && ::rename(beside.c_str(), path_.c_str()) != 0) wrote = fail_errno(path_, errno);
  if (wrote) {
    made_.clear();
    return {};
  }
  (void)::unlink(beside.c_str());
  return fail_to_write(wrote.error());
}

// A new file that can take the place of ours as if it had been written; none: it could not, or not here.
sys::UniqueFd WholeFile::open_beside(std::string& beside) const {
  struct stat ours {
  }, there{};
  const bool may_go = ::fstat(file_.get(), &ours) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
                      S_ISREG(there.st_mode) && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino &&
                      ours.st_uid == ::geteuid() && ours.st_nlink == 1;
  if (!may_go) return {};
  // A collector of *.prom does not take it for one.
  beside = path_ + ".XXXXXX";
  sys::UniqueFd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file.valid()) return {};
  struct stat made {};
  const bool alike = ::fstat(file.get(), &made) == 0 &&
                     (made.st_gid == ours.st_gid || ::fchown(file.get(), static_cast<uid_t>(-1), ours.st_gid) == 0) &&
                     ::fchmod(file.get(), ours.st_mode & 07777) == 0;
  if (alike) return file;
  (void)::unlink(beside.c_str());
  return {};
}

Result<> WholeFile::fail_to_write(const Error& error, std::string_view more) const {
  const std::string why = error.sys_errno != 0 ? std::strerror(error.sys_errno) : error.what;
  return fail(Errc::kSystem, name_ + ": not written: " + why + std::string(more));
}

Result<> WholeFile::write_in_place(std::string_view bytes) {
  struct stat about {};
  const bool is_file = ::fstat(file_.get(), &about) == 0 && S_ISREG(about.st_mode);
  if (is_file && ::ftruncate(file_.get(), 0) != 0) return fail(Errc::kSystem, name_ + ": " + std::strerror(errno));
  const Result<> wrote = sys::write_all(file_.get(), bytes, kWriteTime);
  if (wrote) {
    made_.clear();
    return {};
  }
  // Half a page is none.
  const bool stays = is_file && ::ftruncate(file_.get(), 0) != 0;
  return fail_to_write(wrote.error(), stays ? "; a part of it is there" : "");
}

}  // namespace stapsh::client
