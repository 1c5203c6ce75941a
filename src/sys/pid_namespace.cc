// SPDX-License-Identifier: Apache-2.0
#include "sys/pid_namespace.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/process_tree.h"

namespace stapsh::sys {
namespace {

// Of the kernel's proc_ns.h: PROC_PID_INIT_INO, PROC_TIME_INIT_INO.
constexpr std::uint64_t kFirstPidNamespace = 0xEFFF'FFFC, kFirstTimeNamespace = 0xEFFF'FFFA;

/// By kind: "pid", "time". An errno where it can't be asked.
Result<std::uint64_t> namespace_of(const std::string& process, const std::string& kind) {
  struct stat status {};
  const std::string path = "/proc/" + process + "/ns/" + kind;
  if (::stat(path.c_str(), &status) != 0) return fail_errno(path, errno);
  return status.st_ino;
}

/// Start times are told in the time of who asks: with an offset they say nothing to others. Source: time_namespaces(7).
bool tells_the_machines_time() {
  const Result<std::uint64_t> ours = namespace_of("self", "time");
  return ours ? *ours == kFirstTimeNamespace : ours.error().sys_errno == ENOENT;  // Linux before 5.6 has none.
}

/// Or /proc is that of another namespace, and so is its pid 1.
bool proc_is_ours() {
  std::array<char, 16> target;
  const ssize_t size = ::readlink("/proc/self", target.data(), target.size());
  return size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == std::to_string(::getpid());
}

bool is_init_of_another(pid_t pid, const PidNamespace& which) {
  return innermost_pid(pid) == 1 && !is_same({which.inode, process_start(pid).value_or(0)}, which);
}

}  // namespace

std::optional<PidNamespace> pid_namespace() {
  const Result<std::uint64_t> inode = namespace_of("self", "pid");
  if (!inode) return std::nullopt;
  PidNamespace ours{*inode};
  if (proc_is_ours() && tells_the_machines_time()) ours.init_start = process_start(1).value_or(0);
  return ours;
}

bool is_same(const PidNamespace& a, const PidNamespace& b) {
  const bool differ = a.init_start != 0 && b.init_start != 0 && a.init_start != b.init_start;
  return a.inode == b.inode && !differ;
}

bool pid_namespace_is_gone(const PidNamespace& which) {
  const Result<std::uint64_t> ours = namespace_of("self", "pid");
  if (!ours || *ours != kFirstPidNamespace) return false;
  const Seen all = all_processes();
  bool may_live = false, is_anothers = false;
  for (const pid_t pid : all.pids) {
    if (pid == 1) continue;  // Of ours. A container's root may not look at it.
    const Result<std::uint64_t> inode = namespace_of(std::to_string(pid), "pid");
    if (inode && *inode == which.inode) {
      may_live = true;
      is_anothers = is_anothers || is_init_of_another(pid, which);
    } else if (!inode && !says_gone(inode.error().sys_errno)) {
      return false;  // Who can't look can't know.
    }
  }
  return (!may_live || is_anothers) && all.blind.empty();
}

}  // namespace stapsh::sys
