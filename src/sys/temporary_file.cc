// SPDX-License-Identifier: Apache-2.0
#include "sys/temporary_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sys/workspace.h"

namespace stapsh::sys {

Result<UniqueFd> make_temporary_file() {
  const std::string folder = default_workspace_parent();
  UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd.valid()) {  // Not every file system can (overlayfs before Linux 6.3, NFS).
    std::string name = folder + "/rstap.XXXXXX";
    fd = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd.valid()) return fail_errno("cannot make a temporary file in " + folder, errno);
    (void)::unlink(name.c_str());  // Who removed it before us did the same.
  }
  return fd;
}

}  // namespace stapsh::sys
