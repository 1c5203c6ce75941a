// SPDX-License-Identifier: Apache-2.0
#include "sys/lesser_user.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sys/open_inside.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

constexpr const char* kDumpable = "/proc/sys/fs/suid_dumpable";
constexpr std::size_t kNumberBytesMax = 16;

// Whoever has changed its user, or executes what it can't read, is kept from others of its user; but not at 1.
Result<> check_dumpable() {
  const UniqueFd file = TRY(open_at(AT_FDCWD, kDumpable, O_RDONLY));
  const Result<std::string> value = read_whole(file.get(), kNumberBytesMax);
  if (!value) return add_context(kDumpable, value.error());
  if (!value->starts_with('1')) return {};
  return fail(Errc::kSystem, "who is nobody could be traced by others; sysctl fs.suid_dumpable is 1, set it to 0 or 2");
}

}  // namespace

Result<> become_lesser_user() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0) return fail_errno("cannot give up new privileges", errno);
  if (::geteuid() != 0) return {};
  TRY(check_dumpable());
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kLesserUser, kLesserUser, kLesserUser) != 0 ||
      ::setresuid(kLesserUser, kLesserUser, kLesserUser) != 0) {
    return fail_errno("cannot become uid 65534", errno);
  }
  return {};
}

}  // namespace stapsh::sys
