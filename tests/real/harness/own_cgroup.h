// SPDX-License-Identifier: Apache-2.0
// A cgroup (version 2) for this process and all that it starts, so that whatever agents make of cgroups is below it and
// nobody else's is. Where there can be none, an object without one: then an agent has none either.
#pragma once

#include <string>

namespace stapsh::real {

class OwnCgroup {
 public:
  explicit OwnCgroup(const std::string& name);
  /// Moves this process back and removes it, with what was left below.
  ~OwnCgroup();
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;

  /// Its folder; empty if there is none.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string parent_, path_;
};

}  // namespace stapsh::real
