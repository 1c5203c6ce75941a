// SPDX-License-Identifier: Apache-2.0
#include "client/async/kill_tree.h"

#include <signal.h>
#include <unistd.h>

#include <set>
#include <utility>
#include <vector>

#include "sys/process_ref.h"
#include "sys/process_tree.h"

namespace stapsh::client {
namespace {

void send(pid_t pid, int signo) {
  const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
  if (process) (void)process->send(signo);
}

// A shell whose child is killed goes on with its next command, and whoever forks between a look and its own end leaves
// a child that nobody saw. So all are stopped first, until a look finds nobody new: who was told to stop has no more
// children. Nor are any reaped, so that a pid stays whose it is.
template <typename Look>
void kill_all(Look look) {
  std::set<pid_t> stopped;
  for (bool found_more = true; std::exchange(found_more, false);) {
    for (const pid_t pid : look()) {
      if (!stopped.insert(pid).second) continue;
      send(pid, SIGSTOP);
      found_more = true;
    }
  }
  for (const pid_t pid : stopped) send(pid, SIGKILL);
}

}  // namespace

void signal_session(pid_t id, int signo) {
  for (const pid_t pid : sys::session_members(id).pids) send(pid, signo);
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
