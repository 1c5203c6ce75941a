// SPDX-License-Identifier: Apache-2.0
// A cgroup (version 2) of our own, below the one that we live in: what starts in it and all that it starts can be
// killed at once, however fast they fork, and the kernel tells whether any lives. No controller is enabled in it, so
// nothing is accounted or limited otherwise than without it. Source: cgroups(7),
// Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "sys/process_tree.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// Holds it open; its end is remove(), or somebody else's affair. Moved-from objects hold nothing.
class Cgroup {
 public:
  Cgroup() = default;

  /// Where one of that name can be: below ours. Makes nothing. An Error: there is no cgroup v2 here.
  static Result<std::string> path_for(std::string_view name);
  /// A new one there. An Error says why there can be none: no right to it, or a kernel that can't kill by it (before
  /// 5.14).
  static Result<Cgroup> create(const std::string& path);
  /// One that somebody made. ENOENT: it is gone.
  static Result<Cgroup> open(const std::string& path);

  [[nodiscard]] bool valid() const { return dir_.valid(); }
  /// For SpawnOptions::cgroup_fd.
  [[nodiscard]] int fd() const { return dir_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// SIGKILL to all that live in it and below it, and to those that they are forking.
  [[nodiscard]] Result<> kill() const;
  /// Waits until nobody lives in it or below it, at most `limit`; false: somebody does.
  [[nodiscard]] Result<bool> wait_empty(Duration limit) const;
  /// Who lives in it or below it.
  [[nodiscard]] Seen members() const;

  /// Removes it and those below it, and holds nothing then. Of one that is gone already that is no Error; of one that
  /// stays it is, and it can be tried again.
  Result<> remove();

 private:
  UniqueFd dir_;
  std::string path_;
};

}  // namespace stapsh::sys
