// SPDX-License-Identifier: Apache-2.0
#include "sys/lent_workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "sys/file_identity.h"
#include "sys/open_inside.h"
#include "sys/remove_tree.h"

namespace stapsh::sys {
namespace {

constexpr uid_t kAsItIs = static_cast<uid_t>(-1);

Result<> lend(int fd, const std::string& name, gid_t group, mode_t mode) {
  if (::fchown(fd, kAsItIs, group) == 0 && ::fchmod(fd, mode) == 0) return {};
  return fail_errno(name + ": cannot be lent to another user", errno);
}

Result<> lend_files(int dir, gid_t group) {
  const int again = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(again < 0 ? nullptr : ::fdopendir(again), ::closedir);
  if (!entries) return fail_errno("the working directory", errno);
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    // What else is there is none of what was sent.
    const Result<UniqueFd> file = open_own_file(dir, name, O_RDONLY);
    if (file) TRY(lend(file->get(), name, group, 0640));
  }
  return {};
}

// There is one where an earlier runner did not start, perhaps another user's, who may have put something into it; who
// sends files makes no folders.
Result<> remove_earlier_folder(int dir, const std::string& name, const std::string& path) {
  const Result<UniqueFd> earlier = open_inside(dir, name, O_RDONLY | O_DIRECTORY);
  if (earlier) {
    if (const Result<> emptied = remove_contents(earlier->get()); !emptied) return add_context(path, emptied.error());
  }
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  if (errno != ENOTEMPTY) return fail_errno(path, errno);
  return fail(Errc::kSystem, path + ": a process of its user goes on putting files into it; end that, and try again");
}

}  // namespace

Result<std::string> lend_workspace(const Workspace& workspace, uid_t user, gid_t group) {
  const std::string name(kOwnFolder);
  std::string path = workspace.path() + "/" + name;
  const FileIdentity as_group(::geteuid(), group);
  TRY(lend_files(workspace.fd(), group));
  TRY(lend(workspace.fd(), workspace.path(), group, Workspace::kLentMode));
  TRY(remove_earlier_folder(workspace.fd(), name, path));
  const FileIdentity as_user(user, group);
  struct stat made {};
  if (::mkdirat(workspace.fd(), name.c_str(), 0700) != 0 ||
      ::fstatat(workspace.fd(), name.c_str(), &made, AT_SYMLINK_NOFOLLOW) != 0) {
    return fail_errno(path, errno);
  }
  return made.st_uid == user ? Result<std::string>(std::move(path)) : fail_errno(path, EPERM);
}

}  // namespace stapsh::sys
