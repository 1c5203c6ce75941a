// SPDX-License-Identifier: Apache-2.0
#include "client/run/direct_remains.h"

#include <algorithm>

#include "protocol/agent_line.h"
#include "sys/clock.h"
#include "sys/process_tree.h"

namespace stapsh::client {
namespace {

constexpr Duration kDeathTime = std::chrono::seconds(2);
constexpr Duration kEmptyPause = std::chrono::milliseconds(20);

}  // namespace

Result<> DirectRemains::make_workspace() {
  workspace_ = TRY(sys::Workspace::create());
  return {};
}

// No agent is there, and we have other children than the runner: what it starts is known by a cgroup, or not at all.
void DirectRemains::contain(sys::SpawnOptions& spawn) {
  const std::string name = workspace_.path().substr(workspace_.path().rfind('/') + 1);
  const Result<std::string> path = sys::Cgroup::path_for(name);
  Result<sys::Cgroup> made = path ? sys::Cgroup::create(*path) : Result<sys::Cgroup>(fail(path.error()));
  if (made) {
    cgroup_ = *std::move(made);
  } else {
    blind_ = "what has left its session, without a cgroup: " + made.error().what;
  }
  spawn.cgroup_fd = cgroup_.fd();
}

void DirectRemains::note_started(const sys::Child& runner) {
  if (!cgroup_.valid() || runner.in_cgroup() || !cgroup_.remove()) return;
  cgroup_ = {};
  blind_ = "what has left its session, without a cgroup: the kernel starts none in it (clone3)";
}

void DirectRemains::kill() {
  if (cgroup_.valid()) (void)cgroup_.kill();
}

Awaitable<> DirectRemains::end(asio::io_context& io, Duration grace) {
  asio::steady_timer pause(io);
  const auto wait_empty = [this, &pause](Duration limit) -> Awaitable<bool> {
    const TimePoint deadline = sys::deadline_after(limit);
    while (true) {
      const Result<bool> empty = cgroup_.wait_empty({});
      if (!empty || *empty || sys::now() >= deadline) co_return empty&&* empty;
      pause.expires_after(kEmptyPause);
      (void)co_await pause.async_wait(kAsTuple);
    }
  };
  if (!cgroup_.valid()) co_return;
  const bool empty = co_await wait_empty(grace);
  if (empty) co_return;
  (void)cgroup_.kill();
  (void)co_await wait_empty(kDeathTime);  // Whether it helped is looked at.
}

void DirectRemains::look(const sys::Child* runner, bool may_leave_module, Outcome& outcome) {
  if (runner != nullptr) {
    sys::Seen seen = sys::session_members(runner->pid());
    if (cgroup_.valid()) {
      const sys::Seen members = cgroup_.members();
      seen.pids.insert(seen.pids.end(), members.pids.begin(), members.pids.end());
      if (seen.blind.empty()) seen.blind = members.blind;
      std::sort(seen.pids.begin(), seen.pids.end());
      seen.pids.erase(std::unique(seen.pids.begin(), seen.pids.end()), seen.pids.end());
    }
    for (const pid_t pid : seen.pids) outcome.left.push_back({"process", std::to_string(pid)});
    for (const std::string& blind : {seen.blind, blind_}) {
      if (!blind.empty()) outcome.left.push_back({std::string(kUnknownKind), blind});
    }
  }
  if (const std::string path = cgroup_.path(); cgroup_.valid() && !cgroup_.remove()) {
    outcome.left.push_back({"cgroup", path});
  }
  if (workspace_.valid()) {
    const std::string path = workspace_.path();
    if (!workspace_.remove()) outcome.left.push_back({"directory", path});
  }
  const auto is_unknown = [](const LeftLine& left) { return left.kind == kUnknownKind; };
  if (std::any_of(outcome.left.begin(), outcome.left.end(), is_unknown)) {
    outcome.remains = Outcome::Remains::kUnknown;
  } else if (!outcome.left.empty()) {
    outcome.remains = Outcome::Remains::kLeft;
  } else if (!may_leave_module) {
    outcome.remains = Outcome::Remains::kClean;
  }
}

}  // namespace stapsh::client
