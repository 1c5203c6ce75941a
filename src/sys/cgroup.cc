// SPDX-License-Identifier: Apache-2.0
#include "sys/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "sys/clock.h"
#include "sys/io.h"

namespace stapsh::sys {
namespace {

constexpr std::size_t kPathBytesMax = 1'000;  // Nobody's is so long, and it is written down.
constexpr Duration kKillLimit = std::chrono::seconds(1);
constexpr int kCgroupFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

Result<std::string> read_all(int dir, const std::string& path) {
  const UniqueFd file = TRY(open_at(dir, path, O_RDONLY));
  std::string text;
  std::array<char, 8'192> buffer;
  while (true) {
    const IoResult got = TRY(read_some(file.get(), buffer));
    if (got.bytes == 0) return text;
    text.append(buffer.data(), got.bytes);
  }
}

/// Calls `use` for each line until it returns true.
template <typename Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (use(text.substr(0, end))) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view next_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

/// `0::/PATH` of /proc/self/cgroup: ours, as seen from the root of the hierarchy. Empty: there is none.
std::string own_path(std::string_view cgroups) {
  std::string path;
  for_each_line(cgroups, [&](std::string_view line) {
    if (!line.starts_with("0::/")) return false;
    path = line.substr(3);
    return true;
  });
  return path;
}

/// The directory of `path`, below the first mount of cgroup v2 that shows it. A mount's line is `ID PARENT DEVICE ROOT
/// POINT OPTIONS… - TYPE SOURCE …`; it shows what is below its ROOT. Source: proc(5). Empty: there is none.
std::string directory_of(const std::string& path, std::string_view mounts) {
  std::string directory;
  for_each_line(mounts, [&](std::string_view line) {
    if (line.find(" - cgroup2 ") == std::string_view::npos) return false;
    for (int skipped = 0; skipped < 3; ++skipped) (void)next_word(line);
    std::string_view root = next_word(line);
    const std::string_view point = next_word(line);
    if (root == "/") root = "";
    const bool shown = path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
    if (!shown || point.find('\\') != std::string_view::npos) return false;  // Nobody mounts it at a blank.
    directory = std::string(point) + path.substr(root.size());
    return true;
  });
  while (directory.ends_with('/')) directory.pop_back();
  return directory;
}

Result<UniqueFd> open_cgroup(int dir, const std::string& path) {
  UniqueFd opened = TRY(open_at(dir, path, kCgroupFlags));
  struct statfs status {};
  if (::fstatfs(opened.get(), &status) != 0) return fail_errno(path, errno);
  if (status.f_type != CGROUP2_SUPER_MAGIC) return fail(Errc::kSystem, path + ": is no cgroup v2");
  return opened;
}

/// `use` gets each directory below `dir`, held open, with its name, after those below it.
template <typename Use>
Result<> for_each_below(int dir, Use use) {
  const int fd = ::openat(dir, ".", kCgroupFlags | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fd < 0 ? nullptr : ::fdopendir(fd), ::closedir);
  if (!entries) return fail_errno("cgroup", errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  for (const std::string& name : names) {
    const Result<UniqueFd> below = open_at(dir, name, kCgroupFlags);
    if (!below && below.error().sys_errno == ENOENT) continue;
    if (!below) return fail(below.error());
    TRY(for_each_below(below->get(), use));
    TRY(use(dir, below->get(), name));
  }
  return {};
}

Result<> remove_directory(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return fail_errno(name, errno);
}

/// Of a cgroup that was removed while we held it.
bool is_gone(const Error& error) { return error.sys_errno == ENOENT || error.sys_errno == ENODEV; }

void add_members(Seen& seen, const Result<std::string>& procs) {
  if (!procs) {
    // EOPNOTSUPP: the members of a threaded one below are its root's.
    if (!is_gone(procs.error()) && procs.error().sys_errno != EOPNOTSUPP) seen.blind = procs.error().what;
    return;
  }
  for_each_line(*procs, [&](std::string_view line) {
    pid_t pid = 0;
    (void)std::from_chars(line.data(), line.data() + line.size(), pid);
    // 0: of another pid namespace than ours, above it; we have no name for it.
    if (pid > 0) seen.pids.push_back(pid);
    return false;
  });
}

}  // namespace

Result<std::string> Cgroup::path_for(std::string_view name) {
  const std::string ours = own_path(TRY(read_all(AT_FDCWD, "/proc/self/cgroup")));
  if (ours.empty()) return fail(Errc::kSystem, "there is no cgroup v2 here");
  const std::string directory = directory_of(ours, TRY(read_all(AT_FDCWD, "/proc/self/mountinfo")));
  if (directory.empty()) return fail(Errc::kSystem, "cgroup v2 is not mounted here");
  std::string path = directory + "/" + std::string(name);
  if (path.size() > kPathBytesMax) return fail_errno(path, ENAMETOOLONG);
  return path;
}

Result<Cgroup> Cgroup::open(const std::string& path) {
  Cgroup cgroup;
  cgroup.dir_ = TRY(open_cgroup(AT_FDCWD, path));
  cgroup.path_ = path;
  return cgroup;
}

Result<Cgroup> Cgroup::create(const std::string& path) {
  if (path.empty()) return fail(Errc::kSystem, "there is no cgroup v2 here");
  // Not where another file system lies over it, nor where a link leads elsewhere.
  const UniqueFd parent = TRY(open_cgroup(AT_FDCWD, path.substr(0, path.rfind('/'))));
  const std::string own_name = path.substr(path.rfind('/') + 1);
  if (::mkdirat(parent.get(), own_name.c_str(), 0755) != 0) return fail_errno(path, errno);
  Cgroup cgroup;
  Result<UniqueFd> dir = open_cgroup(parent.get(), own_name);
  if (dir && ::faccessat(dir->get(), "cgroup.kill", W_OK, AT_EACCESS) != 0) {
    dir = fail_errno(path + "/cgroup.kill (Linux 5.14)", errno);
  }
  if (!dir) {
    (void)remove_directory(parent.get(), own_name);  // The error below is what matters.
    return fail(dir.error());
  }
  cgroup.dir_ = *std::move(dir);
  cgroup.path_ = path;
  return cgroup;
}

Result<> Cgroup::kill() const {
  const UniqueFd file = TRY(open_at(dir_.get(), "cgroup.kill", O_WRONLY));
  return write_all(file.get(), "1", kKillLimit);
}

Result<bool> Cgroup::wait_empty(Duration limit) const {
  const Result<UniqueFd> events = open_at(dir_.get(), "cgroup.events", O_RDONLY);
  if (!events && is_gone(events.error())) return true;
  if (!events) return fail(events.error());
  const TimePoint deadline = deadline_after(limit);
  while (true) {
    std::array<char, 256> buffer;
    if (::lseek(events->get(), 0, SEEK_SET) != 0) return fail_errno("cgroup.events", errno);
    const Result<IoResult> got = read_some(events->get(), buffer);
    if (!got && is_gone(got.error())) return true;
    if (!got) return fail(got.error());
    if (std::string_view(buffer.data(), got->bytes).find("populated 1") == std::string_view::npos) return true;
    // A change since the last read is a POLLPRI.
    if (limit == Duration{} || !TRY(wait_for(events->get(), POLLPRI, deadline))) return false;
  }
}

Seen Cgroup::members() const {
  Seen seen;
  add_members(seen, read_all(dir_.get(), "cgroup.procs"));
  const Result<> looked = for_each_below(dir_.get(), [&](int, int below, const std::string&) {
    add_members(seen, read_all(below, "cgroup.procs"));
    return Result<>();
  });
  if (!looked) seen.blind = looked.error().what;
  return seen;
}

Result<> Cgroup::remove() {
  if (!valid()) return {};
  // By its path, which needs no descriptor when there may be none. The second time after those below it, or after a
  // want of memory.
  Result<> removed = remove_directory(AT_FDCWD, path_);
  if (!removed) {
    (void)for_each_below(dir_.get(),
                         [](int above, int, const std::string& below) { return remove_directory(above, below); });
    removed = remove_directory(AT_FDCWD, path_);
  }
  if (removed) dir_.reset();
  return removed;
}

}  // namespace stapsh::sys
