// SPDX-License-Identifier: Apache-2.0
// Which processes a process has started.
#pragma once

#include <sys/types.h>

#include <fstream>
#include <string>
#include <vector>

namespace stapsh::real {

inline std::vector<pid_t> children_of(pid_t pid) {
  const std::string text = std::to_string(pid);
  std::ifstream file("/proc/" + text + "/task/" + text + "/children");
  std::vector<pid_t> pids;
  for (pid_t child = 0; file >> child;) pids.push_back(child);
  return pids;
}

/// Of an rstap: its relay to a broker; or -1.
inline pid_t relay_of(pid_t rstap) {
  for (const pid_t pid : children_of(rstap)) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
    std::string first, second;
    std::getline(file, first, '\0');
    std::getline(file, second, '\0');
    if (second == "--nats-relay") return pid;
  }
  return -1;
}

}  // namespace stapsh::real
