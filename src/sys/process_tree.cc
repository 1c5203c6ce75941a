// SPDX-License-Identifier: Apache-2.0
#include "sys/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
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

constexpr pid_t kKernelThread = 0x0020'0000;  // PF_KTHREAD of its flags.
constexpr int kLooksAtExec = 50, kExecPollMs = 1;

struct Stat {
  char state = 0;
  pid_t parent = 0;
  pid_t session = 0;
  int terminal = 0;
  pid_t threads = 0;
  bool is_kernels = false;  ///< A process of the kernel's own.
  /// Of one that looks like a zombie only the first thread may have ended.
  [[nodiscard]] bool living() const { return (state != 'Z' && state != 'X' && state != 'x') || threads > 1; }
};

Result<std::string> read_file(const std::string& path) {
  const UniqueFd file = TRY(open_at(AT_FDCWD, path, O_RDONLY));
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const IoResult got = TRY(read_some(file.get(), buffer));
    if (got.bytes == 0) return text;
    text.append(buffer.data(), got.bytes);
  }
}

bool is_refused(int error) { return error == EACCES || error == EPERM; }

/// Why a look is blind.
std::string blindness(int error) {
  if (::access("/proc/self/stat", F_OK) != 0 && says_gone(errno)) return "no /proc";
  return std::string("/proc: ") + std::strerror(error);
}

void note_blind(Seen& seen, int error) {
  if (seen.blind.empty()) seen.blind = blindness(error);
}

/// Returns 0, or an errno: then not all were seen.
template <typename Use>
int for_each_number_in(const std::string& directory, Use use) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), ::closedir);
  if (!entries) return errno;
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(entries.get());
    if (entry == nullptr) return errno;
    const std::string_view name = entry->d_name;
    pid_t number = 0;
    const auto [stopped_at, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && stopped_at == name.data() + name.size()) use(number);
  }
}

/// Every process that /proc shows. An empty folder is no /proc: it would show us.
template <typename Use>
void for_each_process(Seen& seen, Use use) {
  bool saw_us = false;
  const int error = for_each_number_in("/proc", [&](pid_t pid) {
    saw_us = saw_us || pid == ::getpid();
    use(pid);
  });
  if (error != 0 || !saw_us) note_blind(seen, error != 0 ? error : ENOENT);
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

/// `PID (NAME) STATE PPID PGRP SESSION TTY …`, the number of threads is field 20; NAME may hold anything, `)` and
/// newlines as well. Source: proc(5).
Result<Stat> stat_of(pid_t pid) {
  const std::string text = TRY(read_file("/proc/" + std::to_string(pid) + "/stat"));
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 >= text.size()) return fail_errno("/proc", ESRCH);
  std::string_view rest = std::string_view(text).substr(name_end + 4);
  std::array<pid_t, 17> fields{};  // From the parent on, the fourth.
  for (pid_t& field : fields) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    (void)std::from_chars(rest.data(), rest.data() + end, field);  // Of one that is no pid_t nothing is wanted.
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return Stat{text[name_end + 2], fields[0], fields[2], fields[3], fields[16], (fields[5] & kKernelThread) != 0};
}

/// Whether an entry of /proc that we may not read is a process of ours.
bool is_own_entry(pid_t pid) {
  struct stat status {};
  return ::stat(("/proc/" + std::to_string(pid)).c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

/// By the kernel's own list, which it has only with CONFIG_PROC_CHILDREN; nothing where there is none.
std::optional<Seen> listed_children(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  Seen seen;
  bool listed = false;
  const int error = for_each_number_in(tasks, [&](pid_t task) {
    const auto text = read_file(tasks + "/" + std::to_string(task) + "/children");
    if (text) {
      listed = true;
      for (const pid_t child : numbers(*text)) seen.pids.push_back(child);
    } else if (!says_gone(text.error().sys_errno)) {
      note_blind(seen, text.error().sys_errno);
    }
  });
  if (error != 0 && (!says_gone(error) || pid == ::getpid())) note_blind(seen, error);
  if (!listed && seen.blind.empty()) return std::nullopt;
  return seen;
}

using ChildrenByParent = std::unordered_multimap<pid_t, pid_t>;

ChildrenByParent scan_children(Seen& seen) {
  ChildrenByParent result;
  for_each_process(seen, [&](pid_t pid) {
    const auto stat = stat_of(pid);
    if (stat) {
      result.emplace(stat->parent, pid);
    } else if (!says_gone(stat.error().sys_errno) && !is_refused(stat.error().sys_errno)) {
      note_blind(seen, stat.error().sys_errno);
    }
  });
  return result;
}

std::vector<pid_t> children_in(const ChildrenByParent& children, pid_t pid) {
  std::vector<pid_t> result;
  const auto [begin, end] = children.equal_range(pid);
  for (auto entry = begin; entry != end; ++entry) result.push_back(entry->second);
  return result;
}

/// Of our own children the kernel says it, whatever /proc shows; nothing for others.
std::optional<bool> child_lives(pid_t pid) {
  siginfo_t info{};
  int result = 0;
  do result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT | static_cast<int>(__WALL));
  while (result != 0 && errno == EINTR);
  if (result != 0) return std::nullopt;
  return info.si_pid == 0;
}

/// Of a process that somebody has listed. One that /proc does not show, or whose state it does not tell, is there as
/// long as a signal could reach it.
bool is_living(pid_t pid) {
  if (const auto living = child_lives(pid)) return *living;
  if (const auto stat = stat_of(pid)) return stat->living();
  return ::kill(pid, 0) == 0 || errno == EPERM;
}

/// `children_of` notes in `seen` what it could not see.
template <typename ChildrenOf>
Seen living_below(pid_t pid, Seen seen, ChildrenOf children_of) {
  seen.pids = children_of(pid, seen);
  for (std::size_t i = 0; i < seen.pids.size(); ++i) {
    for (const pid_t child : children_of(seen.pids[i], seen)) seen.pids.push_back(child);
  }
  std::erase_if(seen.pids, [](pid_t each) { return !is_living(each); });
  return seen;
}

}  // namespace

bool says_gone(int error) { return error == ENOENT || error == ESRCH; }  // ESRCH: it ended while we read.

Seen all_processes() {
  Seen seen;
  for_each_process(seen, [&](pid_t pid) { seen.pids.push_back(pid); });
  return seen;
}

Result<> become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0) return {};
  return fail_errno("cannot become a child subreaper", errno);
}

Seen children_of_self() {
  if (auto listed = listed_children(::getpid())) return *std::move(listed);
  Seen seen;
  seen.pids = children_in(scan_children(seen), ::getpid());
  return seen;
}

Seen descendants(pid_t pid) {
  if (!listed_children(::getpid())) return descendants_by_scan(pid);
  return living_below(pid, {}, [](pid_t each, Seen& seen) {
    std::optional<Seen> children = listed_children(each);
    if (!children) return std::vector<pid_t>();
    if (seen.blind.empty()) seen.blind = std::move(children->blind);
    return std::move(children->pids);
  });
}

Seen descendants_by_scan(pid_t pid) {
  Seen scanned;
  const ChildrenByParent children = scan_children(scanned);
  return living_below(pid, std::move(scanned), [&](pid_t each, Seen&) { return children_in(children, each); });
}

Seen session_members(pid_t sid) {
  Seen seen;
  for_each_process(seen, [&](pid_t pid) {
    const auto stat = stat_of(pid);
    if (stat) {
      if (stat->session == sid && stat->living()) seen.pids.push_back(pid);
    } else if (!says_gone(stat.error().sys_errno) && (!is_refused(stat.error().sys_errno) || is_own_entry(pid))) {
      note_blind(seen, stat.error().sys_errno);
    }
  });
  return seen;
}

namespace {

bool has_entry(const std::string& environment, std::string_view entry) {
  // Entries end with a NUL; the first has none before it.
  for (std::size_t at = environment.find(entry); at != std::string::npos; at = environment.find(entry, at + 1)) {
    const bool begins = at == 0 || environment[at - 1] == '\0';
    const std::size_t end = at + entry.size();
    const bool ends = end == environment.size() || environment[end] == '\0';
    if (begins && ends) return true;
  }
  return false;
}

/// Whether it is within execve: it has given up its old memory and has not filled the new one, so that it shows neither
/// arguments nor environment. A process of the kernel's own never has any.
bool is_within_exec(pid_t pid) {
  const Result<Stat> stat = stat_of(pid);
  if (!stat || !stat->living() || stat->is_kernels) return false;
  const Result<std::string> arguments = read_file("/proc/" + std::to_string(pid) + "/cmdline");
  return arguments && arguments->empty();
}

/// Who is within execve is waited for, for a moment.
Result<std::string> environment_of(pid_t pid) {
  std::string text;
  for (int looks = 0; looks < kLooksAtExec; ++looks) {
    text = TRY(read_file("/proc/" + std::to_string(pid) + "/environ"));
    if (!text.empty() || !is_within_exec(pid)) break;
    (void)::poll(nullptr, 0, kExecPollMs);
  }
  return text;
}

/// What /proc/PID/status says behind `key`, without the blanks before it; empty if it has no such line.
Result<std::string> status_value(pid_t pid, const std::string& key) {
  const std::string status = TRY(read_file("/proc/" + std::to_string(pid) + "/status"));
  const std::size_t line = status.find("\n" + key + ":");
  if (line == std::string::npos) return std::string();
  const std::size_t begin = std::min(status.find_first_not_of("\t ", line + key.size() + 2), status.size());
  return status.substr(begin, status.find('\n', begin) - begin);
}

/// By all four of its user ids: a set-user-ID program has two of who started it. Source: proc(5), `Uid:`.
Result<bool> is_of_our_user(pid_t pid) {
  const std::string value = TRY(status_value(pid, "Uid"));
  std::string_view rest = value;
  for (int i = 0; i < 4; ++i) {
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of("\t ")));
    uid_t uid = 0;
    const auto [stopped_at, error] = std::from_chars(rest.data(), rest.data() + rest.size(), uid);
    if (error != std::errc() || uid != ::geteuid()) return false;
    rest.remove_prefix(static_cast<std::size_t>(stopped_at - rest.data()));
  }
  return true;
}

Result<bool> is_marked(pid_t pid, std::string_view mark) {
  if (!has_entry(TRY(environment_of(pid)), mark)) return false;
  return is_of_our_user(pid);
}

}  // namespace

bool carries_mark(pid_t pid, std::string_view mark) { return is_marked(pid, mark).value_or(false); }

Seen marked_processes(std::string_view mark) {
  Seen seen;
  for_each_process(seen, [&](pid_t pid) {
    if (pid == ::getpid()) return;
    const Result<bool> marked = is_marked(pid, mark);
    if (marked) {
      if (*marked) seen.pids.push_back(pid);
    } else if (!says_gone(marked.error().sys_errno) && !is_refused(marked.error().sys_errno)) {
      note_blind(seen, marked.error().sys_errno);
    }
  });
  return seen;
}

std::optional<pid_t> session_of(pid_t pid) {
  const auto stat = stat_of(pid);
  if (!stat) return std::nullopt;
  return stat->session;
}

std::optional<pid_t> parent_of(pid_t pid) {
  const auto stat = stat_of(pid);
  if (!stat) return std::nullopt;
  return stat->parent;
}

bool is_stopped(pid_t pid) {
  const auto stat = stat_of(pid);
  return stat && stat->state == 'T';
}

bool has_terminal(pid_t pid) {
  const auto stat = stat_of(pid);
  return stat && stat->terminal != 0;
}

bool is_child(pid_t pid) { return child_lives(pid).has_value(); }

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

std::optional<pid_t> innermost_pid(pid_t pid) {
  const Result<std::string> value = status_value(pid, "NSpid");
  if (!value) return std::nullopt;
  const std::string_view last = std::string_view(*value).substr(value->find_last_of(" \t") + 1);
  pid_t number = 0;
  if (std::from_chars(last.data(), last.data() + last.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

std::vector<Reaped> reap_available(std::size_t max) {
  std::vector<Reaped> result;
  while (result.size() < max) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) {
      if (errno == EINTR) continue;
      return result;  // ECHILD: there is nobody.
    }
    if (info.si_pid == 0) break;
    result.push_back({info.si_pid, exit_code_of(info), info.si_code != CLD_EXITED});
  }
  return result;
}

bool has_children() {
  siginfo_t info{};
  int result = 0;
  do result = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
  while (result != 0 && errno == EINTR);
  return result == 0 || errno != ECHILD;
}

}  // namespace stapsh::sys
