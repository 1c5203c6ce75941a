// SPDX-License-Identifier: Apache-2.0
#include "client/output/used_files.h"

#include <fcntl.h>

namespace stapsh::client {

void UsedFiles::add_status(const std::string& use, const struct stat& status) {
  if (S_ISREG(status.st_mode)) files_.try_emplace({status.st_dev, status.st_ino}, use);
}

void UsedFiles::add_open(const std::string& use, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) == 0) add_status(use, status);
}

void UsedFiles::add(const std::string& use, const std::string& path) { add_in(use, AT_FDCWD, path); }

void UsedFiles::add_in(const std::string& use, int folder, const std::string& name) {
  struct stat status {};
  if (::fstatat(folder, name.c_str(), &status, 0) == 0) add_status(use, status);
}

Result<> UsedFiles::check(const std::string& option, int folder, const std::string& name,
                          const std::string& shown) const {
  struct stat status {};
  if (files_.empty() || ::fstatat(folder, name.c_str(), &status, 0) != 0) return {};
  return check_status(option + ": " + shown, status);
}

Result<> UsedFiles::check_open(const std::string& name, int fd) const {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  return check_status(name, status);
}

Result<> UsedFiles::check_status(const std::string& name, const struct stat& status) const {
  const auto used = files_.find({status.st_dev, status.st_ino});
  if (used == files_.end()) return {};
  return fail(Errc::kUsage, name + ": it is " + used->second + " as well; give another name");
}

}  // namespace stapsh::client
