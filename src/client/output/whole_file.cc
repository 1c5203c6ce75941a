// SPDX-License-Identifier: Apache-2.0
#include "client/output/whole_file.h"

#include <fcntl.h>
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
  TRY(used.check(option, AT_FDCWD, path, path));
  constexpr int kFlags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  sys::UniqueFd file(::open(path.c_str(), kFlags | O_EXCL, 0666));
  const bool is_new = file.valid();
  if (!is_new) file = sys::UniqueFd(::open(path.c_str(), kFlags, 0666));
  if (!file.valid()) {
    return fail(Errc::kUsage, option + ": " + path + ": " + std::strerror(errno) + "; name a file that you can write");
  }
  used.add_open(option + "'s file", file.get());
  return WholeFile(option + ": " + path, is_new ? path : std::string(), std::move(file));
}

// A command line that is wrong in something else leaves no empty page.
WholeFile::~WholeFile() {
  if (file_.valid() && !made_.empty()) (void)::unlink(made_.c_str());
}

Result<> WholeFile::write(std::string_view bytes) {
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
  const std::string why = wrote.error().sys_errno != 0 ? std::strerror(wrote.error().sys_errno) : wrote.error().what;
  return fail(Errc::kSystem, name_ + ": not written: " + why + (stays ? "; a part of it is there" : ""));
}

}  // namespace stapsh::client
