// SPDX-License-Identifier: Apache-2.0
#include "agent/error_advice.h"

#include <cerrno>

namespace stapsh::agent {

bool is_lack_of_processes(const Error& error) { return error.sys_errno == EAGAIN || error.sys_errno == ENOMEM; }

Error with_advice(Error error, std::string_view folder) {
  const bool names_place = error.what.find("TMPDIR") != std::string::npos;
  switch (error.sys_errno) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
      if (names_place) break;
      error.what += ", in " + std::string(folder) + "; make room there, or set TMPDIR of stapsh to another place";
      break;
    case EAGAIN:
      error.what += "; raise ulimit -u for the user of stapsh, or pids.max of its control group";
      break;
    case EMFILE:
      error.what += "; raise ulimit -n of stapsh";
      break;
    default:
      break;
  }
  return error;
}

}  // namespace stapsh::agent
