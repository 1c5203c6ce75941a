// SPDX-License-Identifier: Apache-2.0
#include "sys/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sys/exit_code.h"
#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

constexpr std::uint64_t kFirstPidNamespace = 0xEFFF'FFFC;  // PROC_PID_INIT_INO of the kernel's proc_ns.h.

struct Stat {
  char state = 0;
  pid_t parent = 0;
  pid_t session = 0;
  int terminal = 0;
  [[nodiscard]] bool living() const { return state != 'Z' && state != 'X' && state != 'x'; }
};

std::optional<std::string> read_file(const std::string& path) {
  const auto file = open_at(AT_FDCWD, path, O_RDONLY);
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto got = read_some(file->get(), buffer);
    if (!got) return std::nullopt;  // ESRCH: it ended while we read.
    if (got->bytes == 0) return text;
    text.append(buffer.data(), got->bytes);
  }
}

template <typename Use>
void for_each_number_in(const std::string& directory, Use use) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), ::closedir);
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    pid_t number = 0;
    const auto [stopped_at, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && stopped_at == name.data() + name.size()) use(number);
  }
}

std::vector<pid_t> numbers(std::string_view text) {
  std::vector<pid_t> result;
  while (!text.empty()) {
    pid_t number = 0;
    const auto [stopped_at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) break;
    result.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(stopped_at - text.data()));
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
  }
  return result;
}

/// `PID (NAME) STATE PPID PGRP SESSION TTY …`; NAME may hold anything, `)` and newlines as well. Source: proc(5).
std::optional<Stat> stat_of(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return std::nullopt;
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos || name_end + 4 >= text->size()) return std::nullopt;
  const std::vector<pid_t> fields = numbers(std::string_view(*text).substr(name_end + 4));
  if (fields.size() < 4) return std::nullopt;
  return Stat{(*text)[name_end + 2], fields[0], fields[2], fields[3]};
}

/// By the kernel's own list, which it has only with CONFIG_PROC_CHILDREN; nothing where there is none.
std::optional<std::vector<pid_t>> listed_children(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  std::vector<pid_t> result;
  bool listed = false;
  for_each_number_in(tasks, [&](pid_t task) {
    const auto text = read_file(tasks + "/" + std::to_string(task) + "/children");
    if (!text) return;
    listed = true;
    for (const pid_t child : numbers(*text)) result.push_back(child);
  });
  if (!listed) return std::nullopt;
  return result;
}

using ChildrenByParent = std::unordered_multimap<pid_t, pid_t>;

ChildrenByParent scan_children() {
  ChildrenByParent result;
  for_each_number_in("/proc", [&](pid_t pid) {
    if (const auto stat = stat_of(pid)) result.emplace(stat->parent, pid);
  });
  return result;
}

std::vector<pid_t> children_in(const ChildrenByParent& children, pid_t pid) {
  std::vector<pid_t> result;
  const auto [begin, end] = children.equal_range(pid);
  for (auto entry = begin; entry != end; ++entry) result.push_back(entry->second);
  return result;
}

template <typename ChildrenOf>
std::vector<pid_t> living_below(pid_t pid, ChildrenOf children_of) {
  std::vector<pid_t> found = children_of(pid);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const pid_t child : children_of(found[i])) found.push_back(child);
  }
  std::erase_if(found, [](pid_t each) {
    const auto stat = stat_of(each);
    return !stat || !stat->living();
  });
  return found;
}

}  // namespace

Result<> become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0) return {};
  return fail_errno("cannot become a child subreaper", errno);
}

std::vector<pid_t> children_of_self() {
  if (auto listed = listed_children(::getpid())) return *std::move(listed);
  return children_in(scan_children(), ::getpid());
}

std::vector<pid_t> descendants(pid_t pid) {
  if (!listed_children(::getpid())) return descendants_by_scan(pid);
  return living_below(pid, [](pid_t each) { return listed_children(each).value_or(std::vector<pid_t>()); });
}

std::vector<pid_t> descendants_by_scan(pid_t pid) {
  const ChildrenByParent children = scan_children();
  return living_below(pid, [&](pid_t each) { return children_in(children, each); });
}

std::vector<pid_t> session_members(pid_t sid) {
  std::vector<pid_t> result;
  for_each_number_in("/proc", [&](pid_t pid) {
    const auto stat = stat_of(pid);
    if (stat && stat->session == sid && stat->living()) result.push_back(pid);
  });
  return result;
}

namespace {

/// By all four of its user ids: a set-user-ID program has two of who started it. Source: proc(5), `Uid:`.
bool is_of_our_user(pid_t pid) {
  static constexpr std::string_view kKey = "\nUid:";
  const auto status = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t key = status ? status->find(kKey) : std::string::npos;
  if (key == std::string::npos) return false;
  std::string_view rest = std::string_view(*status).substr(key + kKey.size());
  for (int i = 0; i < 4; ++i) {
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of("\t ")));
    uid_t uid = 0;
    const auto [stopped_at, error] = std::from_chars(rest.data(), rest.data() + rest.size(), uid);
    if (error != std::errc() || uid != ::geteuid()) return false;
    rest.remove_prefix(static_cast<std::size_t>(stopped_at - rest.data()));
  }
  return true;
}

}  // namespace

bool carries_mark(pid_t pid, std::string_view mark) {
  const auto environment = read_file("/proc/" + std::to_string(pid) + "/environ");
  if (!environment) return false;
  // Entries end with a NUL; the first has none before it.
  for (std::size_t at = environment->find(mark); at != std::string::npos; at = environment->find(mark, at + 1)) {
    const bool begins = at == 0 || (*environment)[at - 1] == '\0';
    const std::size_t end = at + mark.size();
    const bool ends = end == environment->size() || (*environment)[end] == '\0';
    if (begins && ends) return is_of_our_user(pid);
  }
  return false;
}

std::vector<pid_t> marked_processes(std::string_view mark) {
  std::vector<pid_t> result;
  for_each_number_in("/proc", [&](pid_t pid) {
    if (pid != ::getpid() && carries_mark(pid, mark)) result.push_back(pid);
  });
  return result;
}

std::optional<pid_t> session_of(pid_t pid) {
  const auto stat = stat_of(pid);
  if (!stat) return std::nullopt;
  return stat->session;
}

bool descends_from(pid_t pid, pid_t ancestor) {
  for (auto stat = stat_of(pid); stat; stat = stat_of(stat->parent)) {
    if (stat->parent == ancestor) return true;
    if (stat->parent <= 1) break;
  }
  return false;
}

bool is_stopped(pid_t pid) {
  const auto stat = stat_of(pid);
  return stat && stat->state == 'T';
}

bool has_terminal(pid_t pid) {
  const auto stat = stat_of(pid);
  return stat && stat->terminal != 0;
}

std::optional<std::uint64_t> process_start(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return std::nullopt;
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  // Field 22; the state behind the name is field 3. Source: proc(5).
  std::size_t at = name_end + 1;
  for (int field = 3; field <= 22 && at != std::string::npos; ++field) at = text->find(' ', at + (field > 3 ? 1 : 0));
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t ticks = 0;
  const char* const begin = text->data() + at + 1;
  if (std::from_chars(begin, text->data() + text->size(), ticks).ec != std::errc()) return std::nullopt;
  return ticks;
}

std::optional<std::uint64_t> pid_namespace() {
  struct stat status {};
  if (::stat("/proc/self/ns/pid", &status) != 0) return std::nullopt;
  return status.st_ino;
}

bool pid_namespace_is_gone(std::uint64_t inode) {
  if (pid_namespace() != kFirstPidNamespace) return false;
  bool may_live = false;
  for_each_number_in("/proc", [&](pid_t pid) {
    struct stat status {};
    if (pid == 1) return;  // Of ours. A container's root may not look at it.
    if (::stat(("/proc/" + std::to_string(pid) + "/ns/pid").c_str(), &status) == 0) {
      may_live = may_live || status.st_ino == inode;
    } else {
      may_live = may_live || (errno != ENOENT && errno != ESRCH);  // Who can't look can't know.
    }
  });
  return !may_live;
}

std::vector<Reaped> reap_available() {
  std::vector<Reaped> result;
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) {
      if (errno == EINTR) continue;
      return result;  // ECHILD: there is nobody.
    }
    if (info.si_pid == 0) return result;
    result.push_back({info.si_pid, exit_code_of(info)});
  }
}

bool has_children() {
  siginfo_t info{};
  int result = 0;
  do result = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
  while (result != 0 && errno == EINTR);
  return result == 0 || errno != ECHILD;
}

}  // namespace stapsh::sys
