// SPDX-License-Identifier: Apache-2.0
#include "agent/upload.h"

#include <utility>

#include "sys/io.h"

namespace stapsh::agent {

Result<> Upload::create(const sys::Workspace& workspace, const std::string& name, std::uint64_t size) {
  name_.clear();
  bytes_ = 0;
  TRY(quota_.check(size));
  file_ = TRY(workspace.create_file(name, size));
  name_ = name;
  return {};
}

Result<> Upload::write(std::string_view bytes) {
  if (!open()) return {};
  TRY(quota_.take(bytes.size()));
  bytes_ += bytes.size();
  while (!bytes.empty()) bytes.remove_prefix(TRY(sys::write_some(file_.get(), bytes)).bytes);
  return {};
}

Result<> Upload::commit() { return sys::close_checked(std::move(file_), name_); }

void Upload::abandon(const sys::Workspace& workspace) {
  file_.reset();
  // If even that fails, it goes with the workspace.
  if (!name_.empty()) (void)workspace.remove_file(name_);
  name_.clear();
  quota_.give_back(std::exchange(bytes_, 0));
}

}  // namespace stapsh::agent
