// SPDX-License-Identifier: Apache-2.0
#include "client/output/used_files.h"

#include <fcntl.h>

#include <utility>

namespace stapsh::client {

void UsedFiles::add_status(std::string use, const struct stat& status) {
  if (S_ISREG(status.st_mode)) files_.try_emplace({status.st_dev, status.st_ino}, std::move(use));
}

void UsedFiles::add_open(std::string use, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) == 0) add_status(std::move(use), status);
}

void UsedFiles::add(std::string use, const std::string& path) { add_in(std::move(use), AT_FDCWD, path); }

void UsedFiles::add_in(std::string use, int folder, const std::string& name) {
  struct stat status {};
  if (::fstatat(folder, name.c_str(), &status, 0) == 0) add_status(std::move(use), status);
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
