// SPDX-License-Identifier: Apache-2.0
// Where one build writes: a folder for each, since two of them may call their module alike.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/unique_fd.h"
#include "sys/workspace.h"

namespace stapsh::client {

/// Owns the folder: what is in it goes with it, unless it was to be kept.
class BuildFolder {
 public:
  /// Folder `name` in `workspace` (lent), or, to be `kept`, one of its own beside it.
  static Result<BuildFolder> create(const sys::Workspace& workspace, const std::string& name, bool kept);
  BuildFolder(BuildFolder&&) noexcept = default;
  BuildFolder& operator=(BuildFolder&&) = delete;
  /// What can't be removed now goes with the workspace.
  ~BuildFolder();

  /// Absolute.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int fd() const { return directory_.get(); }
  /// A new file with `script`, open for reading from its beginning.
  [[nodiscard]] Result<sys::UniqueFd> script_file(std::string_view script) const;

 private:
  BuildFolder(sys::UniqueFd directory, std::string path) : directory_(std::move(directory)), path_(std::move(path)) {}

  sys::UniqueFd directory_;
  std::string path_;
  bool kept_ = false;
};

}  // namespace stapsh::client
