// SPDX-License-Identifier: Apache-2.0
#include "agent/runner_finder.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "sys/executable.h"

namespace stapsh::agent {
namespace {

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

std::optional<RunnerPlace> runner_place(RunnerKind kind) {
  const std::vector<std::string> folders = runner_folders();
  const std::string name(runner_name(kind));
  if (std::optional<std::string> path = sys::find_executable(folders, name)) return RunnerPlace{*std::move(path)};
  for (const std::string& folder : folders) {
    std::string path = folder + "/" + name;
    if (sys::is_denied_program(path)) return RunnerPlace{std::move(path), true};
  }
  return std::nullopt;
}

std::optional<std::string> program_in_fixed_folders(const std::string& name) {
  return sys::find_executable(runner_folders(), name);
}

Result<std::string> find_runner(RunnerKind kind) {
  std::optional<RunnerPlace> place = runner_place(kind);
  if (place && !place->denied) return std::move(place->path);
  const std::string name(runner_name(kind));
  if (place) {
    return fail(Errc::kSystem,
                name + ": this user may not execute " + place->path + "; " + std::string(denied_advice(kind)), EACCES);
  }
  std::string looked;
  for (const std::string& folder : runner_folders()) looked += (looked.empty() ? "" : " ") + folder;
  return fail(Errc::kSystem,
              name + ": not found in " + looked + "; install " + std::string(runner_entry(kind).package));
}

}  // namespace stapsh::agent
