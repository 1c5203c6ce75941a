// SPDX-License-Identifier: Apache-2.0
// The file that is being received, into the workspace. Once it has failed, what still comes for it is
// ignored: no file is open then.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/unique_fd.h"
#include "sys/workspace.h"

namespace stapsh::agent {

class Upload {
 public:
  Result<> create(const sys::Workspace& workspace, const std::string& name, std::uint64_t size);
  Result<> write(std::string_view bytes);
  /// Closes it, and says what close said: some file systems tell only then that the disk is full.
  Result<> commit();
  /// Removes what there is of it; nothing if it was not created, since the name may be another file's.
  void abandon(const sys::Workspace& workspace);

  [[nodiscard]] bool open() const { return file_.valid(); }

 private:
  sys::UniqueFd file_;
  std::string name_;  // Of the last file that was created.
};

}  // namespace stapsh::agent
