// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "sys/io.h"
#include "sys/remove_tree.h"

namespace stapsh::client {

Result<BuildFolder> BuildFolder::create(const sys::Workspace& workspace, const std::string& name, bool kept) {
  std::string path = workspace.path() + "/" + name;
  if (kept) {
    path = sys::default_workspace_parent() + "/stapXXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return fail_errno("cannot make a folder for the build: " + path, errno);
  } else if (::mkdirat(workspace.fd(), name.c_str(), 0700) != 0) {
    return fail_errno("cannot make a folder for the build: " + path, errno);
  }
  sys::UniqueFd directory = TRY(sys::open_at(workspace.fd(), path, O_RDONLY | O_DIRECTORY));
  BuildFolder folder(std::move(directory), std::move(path));
  folder.kept_ = kept;
  return folder;
}

BuildFolder::~BuildFolder() {
  if (directory_.valid() && !kept_) (void)sys::remove_contents(directory_.get());
}

Result<sys::UniqueFd> BuildFolder::script_file(std::string_view script) const {
  sys::UniqueFd file = TRY(sys::open_at(directory_.get(), "script.stp", O_RDWR | O_CREAT | O_EXCL, 0600));
  TRY(sys::write_all(file.get(), script, std::chrono::seconds(10)));
  (void)::lseek(file.get(), 0, SEEK_SET);  // A file can be read from its beginning.
  return file;
}

}  // namespace stapsh::client
