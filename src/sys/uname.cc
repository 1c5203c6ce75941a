// SPDX-License-Identifier: Apache-2.0
#include "sys/uname.h"

#include <sys/utsname.h>

#include "base/assert.h"

namespace stapsh::sys {

Uname kernel_uname() {
  utsname name{};
  STAPSH_ASSERT(::uname(&name) == 0);
  return {name.release, name.machine};
}

}  // namespace stapsh::sys
