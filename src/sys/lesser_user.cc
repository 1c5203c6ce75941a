// SPDX-License-Identifier: Apache-2.0
#include "sys/lesser_user.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace stapsh::sys {
namespace {

constexpr uid_t kNobody = 65'534;

}  // namespace

Result<> become_lesser_user() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0) return fail_errno("cannot give up new privileges", errno);
  if (::geteuid() != 0) return {};
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
      ::setresuid(kNobody, kNobody, kNobody) != 0) {
    return fail_errno("cannot become uid 65534", errno);
  }
  return {};
}

}  // namespace stapsh::sys
