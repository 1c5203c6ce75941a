// SPDX-License-Identifier: Apache-2.0
#include "sys/cgroup_owner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sys/trusted_file.h"

namespace stapsh::sys {
namespace {

constexpr std::array kRulingFiles{".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"};

}  // namespace

Result<> check_cgroup_owner(int dir, const std::string& path) {
  for (const std::string name : kRulingFiles) {
    const std::string shown = name == "." ? path : path + "/" + name;
    struct stat status {};
    if (::fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(shown, errno);
    if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
      return fail(Errc::kSystem,
                  shown + " is owned by uid " + std::to_string(status.st_uid) + ", who could end the limits");
    }
    if ((status.st_mode & kOthersMayWrite) != 0) {
      return fail(Errc::kSystem, shown + " may be written by its group or others, who could end the limits");
    }
  }
  return {};
}

}  // namespace stapsh::sys
