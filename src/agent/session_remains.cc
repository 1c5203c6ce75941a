// SPDX-License-Identifier: Apache-2.0
#include "agent/session_remains.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/audit_log.h"
#include "agent/left_lines.h"
#include "agent/session_module.h"
#include "sys/clock.h"
#include "sys/process_ref.h"
#include "sys/process_tree.h"

namespace stapsh::agent {
namespace {

constexpr int kKillRounds = 10;
constexpr std::int64_t kLookAgainMs = 1'000;
constexpr std::int64_t kBlindPauseMs = 10;
constexpr Duration kDeathTime = std::chrono::milliseconds(200);
// Nobody waits for the last words of a session whose agent and guardian are dead.
constexpr Duration kSweepGraceMax = std::chrono::seconds(10);

std::string mark_of(const SessionRecord& record) {
  return std::string(sys::kWorkspaceVariable) + "=" + record.workspace;
}

// Nothing where there is none, or none any more. Its name is the workspace's: another's is not the session's.
Result<sys::Cgroup> cgroup_of(const SessionRecord& record) {
  const std::string name = record.workspace.substr(record.workspace.rfind('/'));
  if (!record.cgroup.ends_with(name)) return sys::Cgroup();
  Result<sys::Cgroup> cgroup = sys::Cgroup::open(record.cgroup);
  if (!cgroup && cgroup.error().sys_errno == ENOENT) return sys::Cgroup();
  return cgroup;
}

sys::Seen cgroup_members(const SessionRecord& record) {
  const Result<sys::Cgroup> cgroup = cgroup_of(record);
  if (!cgroup) return {.pids = {}, .blind = cgroup.error().what};
  return cgroup->valid() ? cgroup->members() : sys::Seen();
}

bool is_of_session(pid_t pid, const SessionRecord& record) {
  if (sys::session_of(pid) == record.runner || sys::carries_mark(pid, mark_of(record))) return true;
  const std::vector<pid_t> members = cgroup_members(record).pids;
  return std::find(members.begin(), members.end(), pid) != members.end();
}

// All that live of the session. Each is looked at again once it is held: by then its number could be another's.
void signal_session(const SessionRecord& record, bool by_session, int signo) {
  for (const pid_t pid : session_processes(record, by_session).pids) {
    const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
    if (process && is_of_session(pid, record)) (void)process->send(signo);  // What stays is looked for later.
  }
}

void signal_runner(const SessionRecord& record, int signo) {
  const Result<sys::ProcessRef> process = sys::ProcessRef::open(record.runner);
  if (process && sys::process_start(record.runner) == record.runner_start) (void)process->send(signo);
}

// True once none of them is seen to live. Each look follows the end of one of them, or the end of the time.
bool wait_until_gone(const SessionRecord& record, bool by_session, Duration limit) {
  const TimePoint deadline = sys::deadline_after(limit);
  while (true) {
    std::vector<sys::ProcessRef> processes;
    std::vector<pollfd> polled;
    const sys::Seen living = session_processes(record, by_session);
    if (living.pids.empty()) return true;
    for (const pid_t pid : living.pids) {
      Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
      if (!process) continue;
      polled.push_back({process->fd(), POLLIN, 0});
      processes.push_back(*std::move(process));
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - sys::now());
    if (left.count() <= 0) return false;
    // Without a descriptor for any of them: just gone, or there are none to be had.
    const std::int64_t pause = polled.empty() ? kBlindPauseMs : kLookAgainMs;
    (void)::poll(polled.data(), polled.size(), static_cast<int>(std::min<std::int64_t>(left.count(), pause)));
  }
}

void end_processes(const SessionRecord& record, bool by_session) {
  const Duration grace = by_session ? record.grace : std::min(record.grace, kSweepGraceMax);
  // Who can't be asked to stop is not waited for.
  if (record.runner > 0) signal_runner(record, record.stop_signal);
  if (wait_until_gone(record, by_session, record.runner > 0 ? grace : Duration{})) return;
  signal_session(record, by_session, SIGTERM);
  if (wait_until_gone(record, by_session, grace)) return;
  // One that forks faster than we look has a child that we did not see: look again.
  for (int round = 0; round < kKillRounds; ++round) {
    if (const Result<sys::Cgroup> cgroup = cgroup_of(record); cgroup && cgroup->valid()) (void)cgroup->kill();
    signal_session(record, by_session, SIGKILL);
    if (wait_until_gone(record, by_session, std::max(grace / kKillRounds, kDeathTime))) return;
  }
}

}  // namespace

sys::Seen session_processes(const SessionRecord& record, bool by_session) {
  sys::Seen seen = sys::marked_processes(mark_of(record));
  std::vector<pid_t>& pids = seen.pids;
  const auto add = [&](const sys::Seen& more) {
    pids.insert(pids.end(), more.pids.begin(), more.pids.end());
    if (seen.blind.empty()) seen.blind = more.blind;
  };
  add(cgroup_members(record));
  // A process that has the runner's pid and started at another time leads another session.
  const std::optional<std::uint64_t> start = sys::process_start(record.runner);
  const bool leader_lives = start && *start == record.runner_start;
  if (record.runner > 0 && (leader_lives || (!start && by_session))) {
    add(sys::session_members(record.runner));
  }
  std::erase(pids, ::getpid());
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return seen;
}

// Somebody may live in it who does not descend from the runner: who has the right to can move any process.
void end_cgroup(sys::Cgroup& cgroup, std::vector<LeftLine>& left) {
  if (!cgroup.valid()) return;
  const std::string path = cgroup.path();
  const Result<bool> empty = cgroup.wait_empty({});
  if (!empty || !*empty) {
    (void)cgroup.kill();
    (void)cgroup.wait_empty(kDeathTime);  // Whether it helped is looked at.
    for (const pid_t pid : cgroup.members().pids) {
      const LeftLine line{"process", std::to_string(pid)};
      if (std::find(left.begin(), left.end(), line) == left.end()) left.push_back(line);
    }
  }
  if (!cgroup.remove()) left.push_back({"cgroup", path});
}

Result<> close_files(SessionFiles& files, std::vector<LeftLine>& left) {
  Result<> removed;
  const std::string path = files.workspace.path();
  if (left.empty()) {
    removed = files.workspace.remove();
    if (!removed) {
      left.push_back({"directory", path});
      return removed;
    }
    removed = files.record.remove();
    if (!removed) left.push_back({"file", files.record.path()});
    return removed;
  }
  if (files.workspace.valid()) left.push_back({"directory", path});
  files.workspace.abandon();
  return removed;
}

std::vector<LeftLine> end_session(SessionFiles files, const SessionRecord& record, Processes processes,
                                  std::vector<LeftLine> left) {
  if (processes != Processes::kNone) {
    const bool by_session = processes == Processes::kOfJustNow;
    end_processes(record, by_session);
    const sys::Seen seen = session_processes(record, by_session);
    for (const pid_t pid : seen.pids) left.push_back({"process", std::to_string(pid)});
    if (!seen.blind.empty()) add_unknown(left, seen.blind);
  }
  Result<sys::Cgroup> cgroup = cgroup_of(record);
  if (!cgroup) add_unknown(left, cgroup.error().what);
  if (cgroup) end_cgroup(*cgroup, left);
  unload_modules(record);
  look_for_modules(record, left);
  if (!close_files(files, left)) files.workspace.abandon();
  // A sweep comes again and again while something is left; only the last of them is the end.
  if (processes == Processes::kOfJustNow) audit_orphan(record, left, "guardian");
  if (processes != Processes::kOfJustNow && left.empty()) audit_orphan(record, left, "sweep");
  return left;
}

}  // namespace stapsh::agent
