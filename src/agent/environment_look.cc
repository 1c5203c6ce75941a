// SPDX-License-Identifier: Apache-2.0
#include "agent/environment_look.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/parse_int.h"
#include "sys/capabilities.h"
#include "sys/open_inside.h"
#include "sys/workspace.h"

namespace stapsh::agent {
namespace {

using Fact = TargetEnvironment::Fact;

constexpr std::size_t kGroupFileBytesMax = std::size_t{1} << 20;

Result<std::string> read_file(const char* path, std::size_t bytes_max) {
  const sys::UniqueFd file = TRY(sys::open_at(AT_FDCWD, path, O_RDONLY));
  return sys::read_whole(file.get(), bytes_max);
}

Fact fact(bool is_so) { return is_so ? Fact::kYes : Fact::kNo; }

Fact exists(const char* path) {
  if (::access(path, F_OK) == 0) return Fact::kYes;
  return errno == ENOENT || errno == ENOTDIR ? Fact::kNo : Fact::kUnknown;
}

Fact has_tracefs() {
  Fact found = Fact::kNo;
  for (const char* place : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    struct statfs status {};
    const int error = ::statfs(place, &status) == 0 ? 0 : errno;
    if (error == 0 && status.f_type == TRACEFS_MAGIC) return Fact::kYes;
    if (error == EACCES) found = Fact::kUnknown;  // Below debugfs, which is root's.
  }
  return found;
}

Fact has_kprobes() {
  const Fact built = exists("/sys/bus/event_source/devices/kprobe");
  const Result<std::string> enabled = read_file("/sys/kernel/debug/kprobes/enabled", 16);
  return built == Fact::kYes && enabled && enabled->starts_with('0') ? Fact::kNo : built;
}

// "none [integrity] confidentiality"
std::string lockdown() {
  const Result<std::string> text = read_file("/sys/kernel/security/lockdown", 256);
  if (!text) return {};
  const std::size_t open = text->find('['), close = text->find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return text->substr(open + 1, close - open - 1);
}

// What stands before `end`, which goes with it.
std::string_view take_piece(std::string_view& rest, char end) {
  const std::string_view piece = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(rest.size(), piece.size() + 1));
  return piece;
}

// The names of those of systemtap's groups that this process is in. A static program has no getgrnam(3): groups that
// only a directory service knows are not seen.
std::vector<std::string> systemtap_groups() {
  std::array<gid_t, 4096> ids;
  const int count = ::getgroups(static_cast<int>(ids.size()) - 1, ids.data());
  const std::size_t others = count < 0 ? 0 : static_cast<std::size_t>(count);
  ids[others] = ::getegid();
  const auto end = ids.begin() + static_cast<std::ptrdiff_t>(others) + 1;
  std::vector<std::string> groups;
  const Result<std::string> file = read_file("/etc/group", kGroupFileBytesMax);
  std::string_view rest = file ? std::string_view(*file) : std::string_view();
  while (!rest.empty()) {
    std::string_view line = take_piece(rest, '\n');
    const std::string_view name = take_piece(line, ':');
    if (std::ranges::find(kSystemtapGroups, name) == std::end(kSystemtapGroups)) continue;
    (void)take_piece(line, ':');  // Of a password.
    const Result<gid_t> id = parse_int<gid_t>(take_piece(line, ':'), 0, static_cast<gid_t>(-1));
    if (id && std::find(ids.begin(), end, *id) != end) groups.emplace_back(name);
  }
  return groups;
}

std::optional<std::vector<std::string>> capabilities() {
  const Result<std::uint64_t> bits = sys::effective_capabilities();
  if (!bits) return std::nullopt;
  std::vector<std::string> names;
  for (const TracingCapability& each : kTracingCapabilities) {
    if ((*bits >> each.bit & 1) != 0) names.emplace_back(each.name);
  }
  return names;
}

TargetEnvironment::Folder folder() {
  TargetEnvironment::Folder folder;
  folder.path = sys::default_workspace_parent();
  folder.writable = fact(::access(folder.path.c_str(), W_OK | X_OK) == 0);
  struct statvfs status {};
  if (::statvfs(folder.path.c_str(), &status) != 0) return folder;
  folder.executes = fact((status.f_flag & ST_NOEXEC) == 0);
  const bool has_names = status.f_files == 0 || status.f_favail > 0;  // 0: it does not count them.
  folder.room_bytes = has_names ? std::uint64_t{status.f_bavail} * status.f_frsize : 0;
  return folder;
}

}  // namespace

TargetEnvironment look_at_environment(TargetEnvironment::Policy policy) {
  TargetEnvironment environment;
  environment.tracefs = has_tracefs();
  environment.btf = exists("/sys/kernel/btf/vmlinux");
  environment.kprobes = has_kprobes();
  environment.lockdown = lockdown();
  environment.uid = ::geteuid();
  environment.groups = systemtap_groups();
  environment.capabilities = capabilities();
  environment.policy = policy;
  environment.folder = folder();
  return environment;
}

}  // namespace stapsh::agent
