// SPDX-License-Identifier: Apache-2.0
#include "sys/privileges.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sys/pretend_root.h"

namespace stapsh::sys {
namespace {

constexpr unsigned kCapabilitiesMax = 64;

// With the second the capabilities outlive the change of user, so that those which are meant can be kept; the first
// makes a user 0 nobody special. Each is locked, and so is the one that a program could set for itself.
constexpr unsigned long kSecureBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED;

bool has(std::uint64_t capabilities, unsigned number) { return (capabilities >> number & 1) != 0; }

bool limit_bounding_set(std::uint64_t capabilities) {
  for (unsigned number = 0; number < kCapabilitiesMax; ++number) {
    // EINVAL: the kernel has no such one, and none above it.
    const int there = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (there < 0) return errno == EINVAL;
    if (there == 1 && !has(capabilities, number) && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) return false;
  }
  return true;
}

// libc's functions for these tell all threads by signals and take locks; there is one thread here.
bool become_user(const Privileges& privileges) {
  return ::syscall(SYS_setgroups, privileges.groups.size(), privileges.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, privileges.group, privileges.group, privileges.group) == 0 &&
         ::syscall(SYS_setresuid, privileges.user, privileges.user, privileges.user) == 0;
}

bool keep_capabilities(std::uint64_t capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> halves{};
  for (std::size_t half = 0; half < halves.size(); ++half) {
    const auto bits = static_cast<std::uint32_t>(capabilities >> (32 * half));
    halves.at(half) = {bits, bits, bits};
  }
  if (::syscall(SYS_capset, &header, halves.data()) != 0) return false;
  // Only these outlive exec where no file gives any.
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return false;
  for (unsigned number = 0; number < kCapabilitiesMax; ++number) {
    if (has(capabilities, number) && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0) return false;
  }
  return true;
}

}  // namespace

bool take_privileges(const Privileges& privileges) {
  if (privileges.lifts_locked_memory) {
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    (void)::setrlimit(RLIMIT_MEMLOCK, &none);  // Who may not lift it runs within it.
  }
  return ::prctl(PR_SET_SECUREBITS, kSecureBits, 0, 0, 0) == 0 && limit_bounding_set(privileges.capabilities) &&
         become_user(privileges) && keep_capabilities(privileges.capabilities) &&
         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && (!privileges.pretends_root || pretend_root());
}

// Who looks at files is another (setfsuid(2)), with other capabilities; whom others may signal is not.
bool may_execute(const Privileges& privileges, const char* program) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> own{};
  if (::syscall(SYS_capget, &header, own.data()) != 0) return false;
  if (::syscall(SYS_setgroups, privileges.groups.size(), privileges.groups.data()) != 0) return false;
  const auto own_group = ::syscall(SYS_setfsgid, privileges.group);
  const auto own_user = ::syscall(SYS_setfsuid, privileges.user);
  auto lowered = own;
  for (std::size_t half = 0; half < lowered.size(); ++half) {
    lowered.at(half).effective = static_cast<std::uint32_t>(privileges.capabilities >> (32 * half));
  }
  bool may = ::syscall(SYS_capset, &header, lowered.data()) == 0;
  int why_not = errno;
  if (may && ::syscall(SYS_faccessat2, AT_FDCWD, program, X_OK, AT_EACCESS) != 0) {
    why_not = errno;
    may = why_not == ENOSYS || why_not == EPERM;  // Not known to the kernel, or to a filter of system calls.
  }
  (void)::syscall(SYS_setfsuid, own_user);
  (void)::syscall(SYS_setfsgid, own_group);
  if (::syscall(SYS_capset, &header, own.data()) != 0) return false;
  errno = why_not;
  return may;
}

}  // namespace stapsh::sys
