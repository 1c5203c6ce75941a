// SPDX-License-Identifier: Apache-2.0
// Capabilities, as capabilities(7) names and linux/capability.h numbers them. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stapsh::policy {

/// Bit N stands for the one with number N.
using Capabilities = std::uint64_t;

/// The one at N has number N: all up to Linux 6.18. Small letters, without CAP_.
inline constexpr std::array<std::string_view, 41> kCapabilityNames{"chown",
                                                                   "dac_override",
                                                                   "dac_read_search",
                                                                   "fowner",
                                                                   "fsetid",
                                                                   "kill",
                                                                   "setgid",
                                                                   "setuid",
                                                                   "setpcap",
                                                                   "linux_immutable",
                                                                   "net_bind_service",
                                                                   "net_broadcast",
                                                                   "net_admin",
                                                                   "net_raw",
                                                                   "ipc_lock",
                                                                   "ipc_owner",
                                                                   "sys_module",
                                                                   "sys_rawio",
                                                                   "sys_chroot",
                                                                   "sys_ptrace",
                                                                   "sys_pacct",
                                                                   "sys_admin",
                                                                   "sys_boot",
                                                                   "sys_nice",
                                                                   "sys_resource",
                                                                   "sys_time",
                                                                   "sys_tty_config",
                                                                   "mknod",
                                                                   "lease",
                                                                   "audit_write",
                                                                   "audit_control",
                                                                   "setfcap",
                                                                   "mac_override",
                                                                   "mac_admin",
                                                                   "syslog",
                                                                   "wake_alarm",
                                                                   "block_suspend",
                                                                   "audit_read",
                                                                   "perfmon",
                                                                   "bpf",
                                                                   "checkpoint_restore"};

/// The one of that name. A kUsage error says what is wrong with the name.
Result<Capabilities> capability_of_name(std::string_view name);

/// "bpf perfmon", in the order of their numbers; one without a name is its number. Empty: none.
std::string capabilities_text(Capabilities capabilities);

}  // namespace stapsh::policy
