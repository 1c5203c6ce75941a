// SPDX-License-Identifier: Apache-2.0
#include "agent/session_children.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "agent/left_lines.h"
#include "agent/session_remains.h"
#include "sys/clock.h"
#include "sys/process_ref.h"

namespace stapsh::agent {
namespace {

// At most so long nothing else is done; see is_killing().
constexpr Duration kKillTime = std::chrono::milliseconds(200);
constexpr int kEmptyLooks = 2;
constexpr int kLooksMax = 10;
// In one turn: who forks and ends without end must not keep us from ending it.
constexpr std::size_t kReapedMax = 1'000;

}  // namespace

Result<> SessionChildren::begin() {
  if (sys::has_children()) inherited_ = sys::children_of_self().pids;
  inherits_ = !inherited_.empty();
  return sys::become_subreaper();
}

Result<> SessionChildren::make_cgroup(const std::string& path, const sys::CgroupLimits& limits) {
  if (cgroup_.valid()) return {};
  cgroup_ = TRY(limits.any() ? sys::create_limited_cgroup(path, limits) : sys::Cgroup::create(path));
  return {};
}

void SessionChildren::set_runner(sys::Child runner) {
  runner_ = std::move(runner);
  if (!runner_.in_cgroup() && cgroup_.valid() && cgroup_.remove()) cgroup_ = {};
}

std::optional<sys::Reaped> SessionChildren::reap() {
  std::optional<sys::Reaped> runner;
  const std::vector<sys::Reaped> all = sys::reap_available(kReapedMax);
  reaps_more_ = all.size() == kReapedMax;
  for (const sys::Reaped& reaped : all) {
    std::erase(inherited_, reaped.pid);
    if (reaped.pid != runner_.pid()) continue;
    runner_.note_reaped(reaped.exit_code);
    runner = reaped;
  }
  return runner;
}

bool SessionChildren::exist(Helpers helpers) const {
  if (!inherits_) return sys::has_children();  // It does not count helpers.
  const sys::Seen children = sys::children_of_self();
  const auto is_own = [&](pid_t pid) { return is_of_session(pid, helpers); };
  return std::any_of(children.pids.begin(), children.pids.end(), is_own) || !children.blind.empty();
}

// A process that is gone by now needs no signal; one that we may not signal is not ours to stop (set-user-ID staprun
// reads a hang-up from its stapio, which is ours).
void SessionChildren::signal_runner(int signo) const {
  if (!runner_.exit_code()) (void)runner_.ref().send(signo);
}

void SessionChildren::signal_all(int signo, Helpers helpers) {
  std::set<pid_t> met;
  if (signo != SIGKILL) {
    (void)signal_seen(signo, helpers, met);
    return;
  }
  killing_ = true;
  // Those in the cgroup end at once. The rest is for where there is none, and for who moved out of it.
  if (cgroup_.valid()) (void)cgroup_.kill();
  const TimePoint deadline = sys::deadline_after(kKillTime);
  do {
    // All are stopped before any is killed: so who starts others anew when they end is not told in between. One that
    // forks faster than we look has a child that we did not see, and the children of one that ends between two reads of
    // a look are in neither: until two looks in a row found nobody new.
    for (int empty_looks = 0; empty_looks < kEmptyLooks && sys::now() < deadline;) {
      empty_looks = signal_seen(SIGSTOP, helpers, met) == 0 ? empty_looks + 1 : 0;
    }
  } while (signal_seen(SIGKILL, helpers, met) > 0 && sys::now() < deadline);
}

// Returns how many of them were not `met` before.
std::size_t SessionChildren::signal_seen(int signo, Helpers helpers, std::set<pid_t>& met) const {
  std::size_t added = 0;
  for (const pid_t pid : sys::descendants(::getpid()).pids) {
    // Held first, then looked at: by then its number could be another's.
    const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
    if (process && is_of_session(pid, helpers) && process->send(signo) && met.insert(pid).second) ++added;
  }
  return added;
}

// It descends from us, and from nobody who is not the session's.
bool SessionChildren::is_of_session(pid_t pid, Helpers helpers) const {
  const auto is_other = [&](pid_t at) {
    return std::find(inherited_.begin(), inherited_.end(), at) != inherited_.end() ||
           std::find(helpers.begin(), helpers.end(), at) != helpers.end();
  };
  for (std::optional<pid_t> at = pid; at && *at > 1 && !is_other(*at); at = sys::parent_of(*at)) {
    if (sys::is_child(*at)) return !is_orphan_of_inherited(*at);
  }
  return false;
}

// What a child that we had before left behind comes to us as well. Where the session has a cgroup, it is not in it.
bool SessionChildren::is_orphan_of_inherited(pid_t child) const {
  if (!inherits_ || child == runner_.pid() || !cgroup_.valid()) return false;
  const sys::Seen members = cgroup_.members();
  return members.blind.empty() && std::find(members.pids.begin(), members.pids.end(), child) == members.pids.end();
}

sys::Seen SessionChildren::living(Helpers helpers) const {
  sys::Seen seen = sys::descendants(::getpid());
  std::erase_if(seen.pids, [&](pid_t pid) { return !is_of_session(pid, helpers); });
  return seen;
}

void SessionChildren::look_what_is_left(Helpers helpers, std::vector<LeftLine>& left) {
  for (int look = 1;; ++look) {
    (void)reap();
    if (!exist(helpers)) break;
    const sys::Seen seen = living(helpers);
    for (const pid_t pid : seen.pids) left.push_back({"process", std::to_string(pid)});
    if (!seen.blind.empty()) add_unknown(left, seen.blind);
    if (!seen.nobody()) break;
    // It ended while we looked; or it is there, and can't be seen.
    if (look < kLooksMax) continue;
    add_unknown(left, "a process that /proc does not show");
    break;
  }
  end_cgroup(cgroup_, left);
}

}  // namespace stapsh::agent
