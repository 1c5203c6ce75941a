// SPDX-License-Identifier: Apache-2.0
#include "agent/session_children.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "sys/process_ref.h"
#include "sys/process_tree.h"

namespace stapsh::agent {
namespace {

constexpr int kKillRounds = 10;
constexpr int kEmptyLooks = 2;

}  // namespace

Result<> SessionChildren::begin() {
  if (sys::has_children()) inherited_ = sys::children_of_self();
  return sys::become_subreaper();
}

std::optional<int> SessionChildren::reap() {
  std::optional<int> exit_code;
  for (const sys::Reaped& reaped : sys::reap_available()) {
    std::erase(inherited_, reaped.pid);
    if (reaped.pid != runner_.pid()) continue;
    runner_.note_reaped(reaped.exit_code);
    exit_code = reaped.exit_code;
  }
  return exit_code;
}

bool SessionChildren::exist(Helpers helpers) const {
  if (inherited_.empty()) return sys::has_children();  // It does not count helpers.
  const std::vector<pid_t> children = sys::children_of_self();
  return std::any_of(children.begin(), children.end(), [&](pid_t pid) { return is_of_session(pid, helpers); });
}

std::vector<pid_t> SessionChildren::living(Helpers helpers) const {
  std::vector<pid_t> pids = sys::descendants(::getpid());
  std::erase_if(pids, [&](pid_t pid) { return !is_of_session(pid, helpers); });
  return pids;
}

// A process that is gone by now needs no signal; one that we may not signal is not ours to stop (set-user-ID staprun
// reads a hang-up from its stapio, which is ours).
void SessionChildren::signal_runner(int signo) const {
  if (!runner_.exit_code()) (void)runner_.ref().send(signo);
}

void SessionChildren::signal_all(int signo, Helpers helpers) const {
  // One that forks faster than we look has a child that we did not see, and the children of one that ends between two
  // reads of a look are in neither: SIGKILL looks again, until two looks in a row found nobody.
  const int rounds = signo == SIGKILL ? kKillRounds : 1;
  int empty_looks = 0;
  for (int round = 0; round < rounds && empty_looks < kEmptyLooks; ++round) {
    std::size_t signalled = 0;
    for (const pid_t pid : sys::descendants(::getpid())) {
      // Held first, then looked at: by then its number could be another's.
      const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
      if (process && is_of_session(pid, helpers) && process->send(signo)) ++signalled;
    }
    empty_looks = signalled == 0 ? empty_looks + 1 : 0;
  }
}

// It descends from us, and from nobody who is not the session's.
bool SessionChildren::is_of_session(pid_t pid, Helpers helpers) const {
  if (!sys::descends_from(pid, ::getpid())) return false;
  const auto is_or_made = [pid](pid_t other) { return other > 0 && (pid == other || sys::descends_from(pid, other)); };
  return std::none_of(inherited_.begin(), inherited_.end(), is_or_made) &&
         std::none_of(helpers.begin(), helpers.end(), is_or_made);
}

}  // namespace stapsh::agent
