// SPDX-License-Identifier: Apache-2.0
#include "agent/runner_finder.h"

#include <algorithm>
#include <vector>

#include "sys/executable.h"

namespace stapsh::agent {
namespace {

std::string_view package_of(RunnerKind kind) {
  switch (kind) {
    case RunnerKind::kStaprun:
      return "systemtap-runtime";
    case RunnerKind::kStapbpf:
      return "systemtap";
    case RunnerKind::kStapdyn:
      return "systemtap with dyninst";
    case RunnerKind::kBpftrace:
      return "bpftrace";
  }
  return "systemtap";
}

// The build-time folder first; it may be one of the others.
std::vector<std::string> runner_folders() {
  std::vector<std::string> folders{STAPSH_RUNNER_DIR};
  for (const char* fixed :
       {"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/usr/libexec/systemtap"}) {
    if (std::find(folders.begin(), folders.end(), fixed) == folders.end()) folders.emplace_back(fixed);
  }
  return folders;
}

}  // namespace

Result<std::string> find_runner(RunnerKind kind) {
  const std::vector<std::string> folders = runner_folders();
  const std::string name(runner_name(kind));
  if (std::optional<std::string> path = sys::find_executable(folders, name)) return *std::move(path);
  std::string looked;
  for (const std::string& folder : folders) looked += (looked.empty() ? "" : " ") + folder;
  return fail(Errc::kSystem, name + ": not found in " + looked + "; install " + std::string(package_of(kind)));
}

}  // namespace stapsh::agent
