// SPDX-License-Identifier: Apache-2.0
// What of a session is there, as /proc tells: its agent and guardian, and what the long-lived programs beside it hold.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace stapsh::matrix {

struct AgentPids {
  int agent = 0;     ///< 0: none.
  int guardian = 0;  ///< 0: none.
};

/// The agent below us that is not one of `helpers`, and its guardian.
AgentPids find_agent(const std::vector<int>& helpers);

/// Waits until `condition` holds; looks again every few milliseconds, since the kernel announces nothing of the kind.
template <typename Condition>
bool wait_until(std::chrono::milliseconds bound, Condition condition);
void pause_briefly();

bool process_lives(int pid);

/// What a process holds open, sorted: targets of /proc/PID/fd.
std::vector<std::string> open_files(int pid);
/// Locks on files of the file system that holds `folder`, as /proc/locks has them.
std::vector<std::string> locks_in(const std::string& folder);
/// Connections, not listening sockets, of a unix socket below `folder`.
std::vector<std::string> connections_in(const std::string& folder);

template <typename Condition>
bool wait_until(std::chrono::milliseconds bound, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    pause_briefly();
  }
  return true;
}

}  // namespace stapsh::matrix
