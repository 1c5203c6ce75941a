// SPDX-License-Identifier: Apache-2.0
// What the probes of a script need of a kernel, by a look at its text. Pure.
#pragma once

#include <string_view>

namespace stapsh::client {

struct ProbeNeeds {
  bool kprobes = false;  ///< It probes functions of the kernel by them.
  bool btf = false;      ///< It has probes that are found by the kernel's own types.
};

/// Total. What a macro of the C preprocessor makes is not seen.
ProbeNeeds needs_of_bpftrace(std::string_view program);
/// Likewise. A probe of a tapset (syscall.open) is not looked into: some of those have another way.
ProbeNeeds needs_of_systemtap(std::string_view script);

}  // namespace stapsh::client
