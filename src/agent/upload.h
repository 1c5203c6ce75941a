// SPDX-License-Identifier: Apache-2.0
// The file that is being received, into the workspace. Once it has failed, what still comes for it is
// ignored: no file is open then.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/bytes_quota.h"
#include "base/result.h"
#include "sys/unique_fd.h"
#include "sys/workspace.h"

namespace stapsh::agent {

class Upload {
 public:
  /// What it writes is of `quota`, as it comes.
  explicit Upload(BytesQuota quota) : quota_(quota) {}

  /// An error also if there is no room for `size` bytes now; none is taken before they come.
  Result<> create(const sys::Workspace& workspace, const std::string& name, std::uint64_t size);
  Result<> write(std::string_view bytes);
  /// Closes it, and says what close said: some file systems tell only then that the disk is full.
  Result<> commit();
  /// Removes what there is of it; nothing if it was not created, since the name may be another file's.
  void abandon(const sys::Workspace& workspace);

  /// Of the last file that was created.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool open() const { return file_.valid(); }

 private:
  BytesQuota quota_;
  sys::UniqueFd file_;
  std::string name_;
  std::uint64_t bytes_ = 0;  // That came for it.
};

}  // namespace stapsh::agent
