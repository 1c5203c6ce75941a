// SPDX-License-Identifier: Apache-2.0
#include "agent/session_remains.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "agent/session_module.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/process_ref.h"
#include "sys/process_tree.h"

namespace stapsh::agent {
namespace {

constexpr int kKillRounds = 10;
constexpr Duration kDeathTime = std::chrono::milliseconds(200);
// Nobody waits for the last words of a session whose agent and guardian are dead.
constexpr Duration kSweepGraceMax = std::chrono::seconds(10);
constexpr int kReadsMax = 3;
constexpr Duration kGraceUnknown = std::chrono::seconds(5);

std::string mark_of(const sys::Workspace& workspace) {
  return std::string(sys::kWorkspaceVariable) + "=" + workspace.path();
}

bool carries_mark(pid_t pid, const sys::Workspace& workspace) { return sys::has_environment(pid, mark_of(workspace)); }

// All that live of the session. Each is looked at again once it is held: by then its number could be another's.
void signal_session(const SessionRecord& record, const sys::Workspace& workspace, bool by_session, int signo) {
  for (const pid_t pid : session_processes(record, workspace, by_session)) {
    const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
    if (!process || !(sys::session_of(pid) == record.runner || carries_mark(pid, workspace))) continue;
    (void)process->send(signo);  // Gone, or not ours to signal: what stays is looked for later.
  }
}

void signal_runner(const SessionRecord& record, int signo) {
  const Result<sys::ProcessRef> process = sys::ProcessRef::open(record.runner);
  if (process && sys::process_start(record.runner) == record.runner_start) (void)process->send(signo);
}

// True once none of them lives. Each look follows the end of one of them, or the end of the time.
bool wait_until_gone(const SessionRecord& record, const sys::Workspace& workspace, bool by_session, Duration limit) {
  const TimePoint deadline = sys::deadline_after(limit);
  while (true) {
    std::vector<sys::ProcessRef> processes;
    std::vector<pollfd> polled;
    for (const pid_t pid : session_processes(record, workspace, by_session)) {
      Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
      if (!process) continue;
      polled.push_back({process->fd(), POLLIN, 0});
      processes.push_back(*std::move(process));
    }
    if (polled.empty()) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - sys::now());
    if (left.count() <= 0) return false;
    (void)::poll(polled.data(), polled.size(), static_cast<int>(std::min<std::int64_t>(left.count(), 1'000)));
  }
}

void end_processes(const SessionRecord& record, const sys::Workspace& workspace, bool by_session) {
  const Duration grace = by_session ? record.grace : std::min(record.grace, kSweepGraceMax);
  // Who can't be asked to stop is not waited for.
  if (record.runner > 0) signal_runner(record, record.stop_signal);
  if (wait_until_gone(record, workspace, by_session, record.runner > 0 ? grace : Duration{})) return;
  signal_session(record, workspace, by_session, SIGTERM);
  if (wait_until_gone(record, workspace, by_session, grace)) return;
  // One that forks faster than we look has a child that we did not see: look again.
  for (int round = 0; round < kKillRounds; ++round) {
    signal_session(record, workspace, by_session, SIGKILL);
    if (wait_until_gone(record, workspace, by_session, std::max(grace / kKillRounds, kDeathTime))) return;
  }
}

template <typename Use>
void for_each_workspace(Use use) {
  std::vector<std::string> parents{sys::default_workspace_parent()};
  if (parents.front() != "/tmp") parents.emplace_back("/tmp");
  for (const std::string& parent : parents) {
    for (const std::string& name : sys::Workspace::candidates(parent)) use(parent, name);
  }
}

// Without its record a session is still known by the environment of its processes, which a record without a runner
// looks for; what stop signal they would like to have, and what module is theirs, is not.
std::optional<SessionRecord> record_of(const sys::Workspace& workspace) {
  for (int attempt = 0; attempt < kReadsMax; ++attempt) {
    if (const Result<std::optional<SessionRecord>> record = read_record(workspace.fd())) return *record;
  }
  return SessionRecord{.stop_signal = SIGTERM, .grace = kGraceUnknown};
}

// A dead session of another pid namespace, of a container with which we share this folder: its pids and its module's
// name, which is made of one, are not what they seem here. Those of its processes that we see, since that namespace is
// below ours, are known by their mark and ended; whether others live we can't know, so the rest is left to an agent
// there, which needs the workspace for it.
void end_what_is_seen(const SessionRecord& record, sys::Workspace workspace) {
  end_processes({.stop_signal = record.stop_signal, .grace = record.grace}, workspace, false);
  workspace.abandon();
}

// Of a workspace that somebody has locked: not its agent, but a guardian or another sweep that is ending it.
bool agent_is_dead(const std::string& parent, const std::string& name) {
  const Result<sys::UniqueFd> dir = sys::open_at(AT_FDCWD, parent + "/" + name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!dir) return false;  // It has just gone.
  const std::optional<SessionRecord> record = read_record(dir->get()).value_or(std::nullopt);
  return record && record->runner > 0 && !is_elsewhere(*record) &&
         sys::process_start(record->agent) != record->agent_start;
}

}  // namespace

std::vector<pid_t> session_processes(const SessionRecord& record, const sys::Workspace& workspace, bool by_session) {
  std::vector<pid_t> pids = sys::processes_with_environment(mark_of(workspace));
  // A process that has the runner's pid and started at another time leads another session.
  const std::optional<std::uint64_t> start = sys::process_start(record.runner);
  const bool leader_lives = start && *start == record.runner_start;
  if (record.runner > 0 && (leader_lives || (!start && by_session))) {
    for (const pid_t pid : sys::session_members(record.runner)) {
      if (pid != ::getpid()) pids.push_back(pid);
    }
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

Result<> close_workspace(sys::Workspace& workspace, std::vector<LeftLine>& left) {
  const std::string path = workspace.path();
  Result<> removed;
  if (left.empty()) {
    removed = workspace.remove();
    if (removed) return removed;
  } else {
    workspace.abandon();
  }
  left.push_back({"directory", path});
  return removed;
}

std::vector<LeftLine> end_session(sys::Workspace workspace, bool by_session) {
  std::vector<LeftLine> left;
  if (const std::optional<SessionRecord> record = record_of(workspace)) {
    if (!is_elsewhere(*record)) {  // Else all of it is gone.
      end_processes(*record, workspace, by_session);
      for (const pid_t pid : session_processes(*record, workspace, by_session))
        left.push_back({"process", std::to_string(pid)});
    }
    unload_modules(*record);
    for (std::string& module : session_modules(*record)) left.push_back({"module", std::move(module)});
  }
  if (!close_workspace(workspace, left)) workspace.abandon();
  return left;
}

bool dead_sessions_exist() {
  bool found = false;
  for_each_workspace([&](const std::string& parent, const std::string& name) {
    Result<std::optional<sys::Workspace>> dead = sys::Workspace::adopt(parent, name);
    if (!dead || !*dead) return;
    (*dead)->abandon();
    found = true;
  });
  return found;
}

Swept sweep_dead_sessions(std::optional<std::string_view> asked_after) {
  Swept swept;
  for_each_workspace([&](const std::string& parent, const std::string& name) {
    Result<std::optional<sys::Workspace>> dead = sys::Workspace::adopt(parent, name);
    const bool named = asked_after && name == sys::Workspace::name_of(*asked_after);
    if (!dead || !*dead) {  // Not ours, or not dead.
      if (named || (asked_after && agent_is_dead(parent, name))) ++swept.left;
      return;
    }
    const std::optional<SessionRecord> record = record_of(**dead);
    if (record && is_elsewhere(*record) && !sys::pid_namespace_is_gone(record->pid_namespace)) {
      end_what_is_seen(*record, **std::move(dead));
      if (named || (asked_after && asked_after->empty())) ++swept.left;
      return;
    }
    const std::vector<LeftLine> left = end_session(**std::move(dead), false);
    ++(left.empty() ? swept.removed : swept.left);
  });
  return swept;
}

}  // namespace stapsh::agent
