// SPDX-License-Identifier: Apache-2.0
#include "protocol/runner_kind.h"

#include "base/assert.h"

namespace stapsh {

const RunnerEntry& runner_entry(RunnerKind kind) {
  for (const RunnerEntry& entry : kRunnerTable) {
    if (entry.kind == kind) return entry;
  }
  STAPSH_ASSERT(false);
  return kRunnerTable[0];
}

std::string_view runner_name(RunnerKind kind) { return runner_entry(kind).program; }

std::string_view denied_advice(RunnerKind kind) {
  // Of stapusr alone are they where they are set-user-ID: staprun(8).
  const bool by_group = kind == RunnerKind::kStaprun || kind == RunnerKind::kStapbpf;
  return by_group ? "add the user to the group stapusr, or connect as root"
                  : "give the user the right to execute it, or connect as root";
}

std::optional<RunnerKind> runner_kind_for_module(std::string_view file_name) {
  for (const RunnerEntry& entry : kRunnerTable) {
    if (file_name.ends_with(entry.extension)) return entry.kind;
  }
  return std::nullopt;
}

std::optional<RunnerKind> runner_kind_for_option(std::string_view option) {
  for (const RunnerEntry& entry : kRunnerTable) {
    if (!entry.option.empty() && entry.option == option) return entry.kind;
  }
  return std::nullopt;
}

}  // namespace stapsh
