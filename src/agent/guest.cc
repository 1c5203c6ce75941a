// SPDX-License-Identifier: Apache-2.0
#include "agent/guest.h"

#include <unistd.h>

#include <cerrno>

namespace stapsh::agent {
namespace {

bool guest = false;

}  // namespace

Result<> become_guest(const std::string& folder) {
  const std::size_t slash = folder.rfind('/');
  if (slash == std::string::npos || !std::string_view(folder).substr(slash + 1).starts_with(kGuestFolderPrefix)) {
    return fail(Errc::kUsage, folder + ": is no folder that --bootstrap makes; --guest is for that alone");
  }
  guest = true;
  const std::string program = folder + "/stapsh";
  if (::unlink(program.c_str()) != 0 && errno != ENOENT) return fail_errno("cannot remove " + program, errno);
  if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) return fail_errno("cannot remove " + folder, errno);
  return {};
}

bool is_guest() { return guest; }

}  // namespace stapsh::agent
