// SPDX-License-Identifier: Apache-2.0
#include "agent/runner_finder.h"

#include <array>

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

}  // namespace

Result<std::string> find_runner(RunnerKind kind) {
  static const std::array<std::string, 7> kFolders{
      STAPSH_RUNNER_DIR, "/usr/local/bin",        "/usr/bin", "/bin", "/usr/local/sbin",
      "/usr/sbin",       "/usr/libexec/systemtap"};
  const std::string name(runner_name(kind));
  if (std::optional<std::string> path = sys::find_executable(kFolders, name)) return *std::move(path);
  std::string looked;
  for (const std::string& folder : kFolders) looked += (looked.empty() ? "" : " ") + folder;
  return fail(Errc::kSystem, name + ": not found in " + looked + "; install " + std::string(package_of(kind)));
}

}  // namespace stapsh::agent
