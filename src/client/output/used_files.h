// SPDX-License-Identifier: Apache-2.0
// Which files a run, or a replay, reads and writes: one that is two of them at a time would be lost. A file is known by
// its device and inode, so whatever leads to it.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <utility>

#include "base/result.h"

namespace stapsh::client {

class UsedFiles {
 public:
  /// What is open there is used for `use`: "--joblog's file", as messages name it. Only regular files count.
  void add_open(const std::string& use, int fd);
  void add(const std::string& use, const std::string& path);
  void add_all(const UsedFiles& others) { files_.insert(others.files_.begin(), others.files_.end()); }
  void add_in(const std::string& use, int folder, const std::string& name);

  /// Before `option` opens, or replaces, `name` in the folder that is open as `folder` (or AT_FDCWD): kUsage if it is
  /// used already. `shown`: how messages name it.
  [[nodiscard]] Result<> check(const std::string& option, int folder, const std::string& name,
                               const std::string& shown) const;
  /// The same of what is open already.
  [[nodiscard]] Result<> check_open(const std::string& name, int fd) const;

 private:
  void add_status(const std::string& use, const struct stat& status);
  [[nodiscard]] Result<> check_status(const std::string& name, const struct stat& status) const;

  std::map<std::pair<dev_t, ino_t>, std::string> files_;  // What they are used for.
};

}  // namespace stapsh::client
