// SPDX-License-Identifier: Apache-2.0
#include "sys/cgroup_limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "sys/cgroup_owner.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/open_inside.h"

namespace stapsh::sys {
namespace {

constexpr std::size_t kControlBytesMax = 65'536;
constexpr Duration kControlLimit = std::chrono::seconds(1);

Result<std::string> read_file(const Cgroup& cgroup, const std::string& name) {
  const UniqueFd file = TRY(open_at(cgroup.fd(), name, O_RDONLY));
  std::string text(kControlBytesMax, '\0');
  const IoResult got = TRY(read_some(file.get(), text));
  text.resize(got.bytes);
  return text;
}

Result<> write_file(const Cgroup& cgroup, const std::string& name, const std::string& value) {
  const UniqueFd file = TRY(open_at(cgroup.fd(), name, O_WRONLY));
  const Result<> wrote = write_all(file.get(), value, kControlLimit);
  if (!wrote) return add_context(cgroup.path() + "/" + name, wrote.error());
  return {};
}

std::vector<std::string> controllers_for(const CgroupLimits& limits) {
  std::vector<std::string> names;
  if (limits.tasks) names.emplace_back("pids");
  if (limits.memory) names.emplace_back("memory");
  return names;
}

/// Whether one below it gets these controllers, and may have processes: those below one with threads do not. The root
/// has no type.
bool hands_on(const Cgroup& cgroup, const std::vector<std::string>& controllers) {
  const std::string type = read_file(cgroup, "cgroup.type").value_or("domain\n");
  const std::string handed = " " + read_file(cgroup, "cgroup.subtree_control").value_or("");
  const auto is_handed = [&](const std::string& name) {
    return handed.find(" " + name + " ") != std::string::npos || handed.find(" " + name + "\n") != std::string::npos;
  };
  return type == "domain\n" && std::ranges::all_of(controllers, is_handed);
}

/// Whether the file with lines `KEY N` has more than 0 there.
bool counts(std::string_view file, std::string_view key) {
  const std::string line = "\n" + std::string(key) + " ";
  const std::string text = "\n" + std::string(file);
  const std::size_t at = text.find(line);
  return at != std::string::npos && text.substr(at + line.size(), 1).find_first_of("123456789") == 0;
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

Result<> limit(const Cgroup& cgroup, const CgroupLimits& limits) {
  if (limits.tasks) TRY(write_file(cgroup, "pids.max", std::to_string(*limits.tasks)));
  if (!limits.memory) return {};
  TRY(write_file(cgroup, "memory.max", std::to_string(*limits.memory)));
  // Half of a tracer that was ended is of no use, and might not end by itself.
  TRY(write_file(cgroup, "memory.oom.group", "1"));
  Result<> swap = write_file(cgroup, "memory.swap.max", "0");
  if (!swap && swap.error().sys_errno == ENOENT) return {};  // A kernel without swap.
  return swap;
}

}  // namespace

// Whoever rules one above rules all below it: of these none is asked further.
Result<std::string> limited_cgroup_path(std::string_view name, const CgroupLimits& limits) {
  const std::vector<std::string> controllers = controllers_for(limits);
  const std::string ours = parent_of(TRY(Cgroup::path_for(name)));
  std::vector<Cgroup> nearest_first;
  for (std::string path = ours; !path.empty(); path = parent_of(path)) {
    Result<Cgroup> cgroup = Cgroup::open(path);
    if (!cgroup && cgroup.error().sys_errno != 0) return fail(cgroup.error());
    if (!cgroup) break;  // Above the root of the hierarchy, or of what is shown here.
    nearest_first.push_back(*std::move(cgroup));
  }
  Result<> owned;
  const auto highest_not_owned = std::find_if(nearest_first.rbegin(), nearest_first.rend(), [&](const Cgroup& cgroup) {
    owned = check_cgroup_owner(cgroup.fd(), cgroup.path());
    return !owned;
  });
  for (auto cgroup = highest_not_owned.base(); cgroup != nearest_first.end(); ++cgroup) {
    if (!hands_on(*cgroup, controllers)) continue;
    if (::faccessat(cgroup->fd(), ".", W_OK, AT_EACCESS) != 0) return fail_errno(cgroup->path(), errno);
    return cgroup->path() + "/" + std::string(name);
  }
  std::string wanted;
  for (const std::string& controller : controllers) wanted += (wanted.empty() ? "" : " and ") + controller;
  const std::string handed = " hands on " + wanted + " (cgroup.subtree_control)";
  if (!owned) return fail(Errc::kSystem, owned.error().what + ", and no cgroup above it" + handed);
  return fail(Errc::kSystem, "neither " + ours + " nor a cgroup above it" + handed);
}

Result<Cgroup> create_limited_cgroup(const std::string& path, const CgroupLimits& limits) {
  Cgroup cgroup = TRY(Cgroup::create(path));
  const Result<> limited = limit(cgroup, limits);
  if (limited) return cgroup;
  (void)cgroup.remove();  // The error below is what matters.
  return fail(limited.error());
}

bool has_passed_memory_limit(const Cgroup& cgroup) {
  return was_own_memory_limit(read_file(cgroup, "memory.events").value_or(""),
                              read_file(cgroup, "memory.events.local").value_or(""));
}

bool was_own_memory_limit(std::string_view events, std::string_view local_events) {
  return counts(events, "oom_kill") && counts(local_events, "oom");
}

}  // namespace stapsh::sys
