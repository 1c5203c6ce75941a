// SPDX-License-Identifier: Apache-2.0
#include "client/async/kill_tree.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "sys/clock.h"
#include "sys/process_ref.h"
#include "sys/process_tree.h"

namespace stapsh::client {
namespace {

using Processes = std::map<pid_t, sys::ProcessRef>;

// What a fork takes that had begun before its process was told to stop; a process that is stuck in the kernel is not
// waited for.
constexpr Duration kStandsStillWithin = std::chrono::milliseconds(20);

// Without a descriptor to spare, by the number alone. False: it is another user's, or gone.
bool send(pid_t pid, const sys::ProcessRef& process, int signo) {
  return process.valid() ? process.send(signo).has_value() : ::kill(pid, signo) == 0;
}

void await_standing(const Processes& processes, TimePoint until) {
  const auto stands = [](const Processes::value_type& each) {
    return sys::is_stopped(each.first) || (each.second.valid() && each.second.has_exited());
  };
  while (!std::ranges::all_of(processes, stands) && sys::now() < until) (void)::sched_yield();
}

// A shell whose child is killed goes on with its next command, and who forks between a look and its own end leaves a
// child that nobody saw. So all are stopped before one is killed, until a look finds nobody new; and there is one more
// look behind that, for who did not stand still in time.
template <typename Look>
void kill_all(Look look) {
  Processes processes;
  const auto stop_new = [&] {
    bool found = false;
    for (const pid_t pid : look()) {
      const auto [at, is_new] = processes.try_emplace(pid);
      if (!is_new) continue;
      if (Result<sys::ProcessRef> process = sys::ProcessRef::open(pid)) at->second = *std::move(process);
      // Who may not be stopped goes on to fork, and is no reason to look again.
      if (send(pid, at->second, SIGSTOP)) found = true;
    }
    return found;
  };
  while (stop_new()) {
    const TimePoint until = sys::deadline_after(kStandsStillWithin);
    do {
      await_standing(processes, until);
    } while (stop_new());
    for (const auto& [pid, process] : processes) (void)send(pid, process, SIGKILL);
  }
}

}  // namespace

void signal_session(pid_t id, int signo) {
  for (const pid_t pid : sys::session_members(id).pids) {
    const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
    if (process) (void)process->send(signo);
  }
}

void kill_session(pid_t id) {
  kill_all([id] { return sys::session_members(id).pids; });
}

void kill_tree(const sys::Child& child) {
  const pid_t session = ::getsid(child.pid());
  kill_all([&] {
    std::vector<pid_t> members{child.pid()};
    for (const pid_t pid : sys::descendants(child.pid()).pids) {
      if (::getsid(pid) == session) members.push_back(pid);
    }
    return members;
  });
}

}  // namespace stapsh::client
