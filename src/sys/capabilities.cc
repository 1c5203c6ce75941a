// SPDX-License-Identifier: Apache-2.0
#include "sys/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace stapsh::sys {

Result<std::uint64_t> effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> halves{};
  // libc has no function for it, and libcap would be a library for this one call.
  if (::syscall(SYS_capget, &header, halves.data()) != 0) return fail_errno("capget", errno);
  return (std::uint64_t{halves[1].effective} << 32) | halves[0].effective;
}

}  // namespace stapsh::sys
