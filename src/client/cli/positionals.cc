// SPDX-License-Identifier: Apache-2.0
#include "client/cli/positionals.h"

#include <fmt/format.h>

#include "protocol/runner_kind.h"

namespace stapsh::client {

Result<> take_positionals(JobOptions& job, std::span<const std::string> words) {
  auto first = words.begin();
  if (job.script_kind != ScriptKind::kText) {
    if (first == words.end()) {
      return fail(Errc::kUsage, "no script: give a FILE, -e 'SCRIPT', or - for standard input; see rstap --help");
    }
    job.script = *first++;
    if (job.script.empty()) return fail(Errc::kUsage, "the script's name is empty");
    const std::optional<RunnerKind> kind = runner_kind_for_module(job.script);
    if (job.script == "-") {
      job.script_kind = ScriptKind::kStdin;
    } else if (job.runtime == Runtime::kBpftrace) {
      if (kind.value_or(RunnerKind::kBpftrace) != RunnerKind::kBpftrace) {
        return fail(Errc::kUsage, fmt::format("{} is a module for {}, not a bpftrace program; leave --bpftrace out",
                                              job.script, runner_name(*kind)));
      }
    } else if (kind) {
      job.script_kind = ScriptKind::kReadyModule;
    }
  }
  job.script_arguments.assign(first, words.end());
  return {};
}

}  // namespace stapsh::client
