// SPDX-License-Identifier: Apache-2.0
#include "agent/runner_start.h"

#include <cerrno>

#include "agent/runner_finder.h"
#include "agent/runner_privileges.h"
#include "agent/session_module.h"
#include "sys/executable.h"

namespace stapsh::agent {

Result<sys::SpawnOptions> runner_options(const StartRunner& runner, const sys::Workspace& workspace) {
  sys::SpawnOptions spawn;
  spawn.program = TRY(find_runner(runner.kind));
  spawn.argv = {spawn.program};
  spawn.argv.insert(spawn.argv.end(), runner.args.begin(), runner.args.end());
  spawn.stdin_fd = sys::kDevNull;
  spawn.new_session = true;
  spawn.working_directory_fd = workspace.fd();
  spawn.extra_env = {std::string(sys::kWorkspaceVariable) + "=" + workspace.path()};
  spawn.extra_env.insert(spawn.extra_env.end(), runner.environment.begin(), runner.environment.end());
  if (runner.run_as.given()) TRY(lower_privileges(spawn, runner.run_as, runner.kind, workspace));
  // Said by name before OK; exec would say E2BIG behind it.
  TRY(sys::check_arguments(spawn.argv, sys::spawn_environment(spawn)));
  return spawn;
}

Result<SessionRecord> runner_record(const StartRunner& runner, Duration grace, const std::string& module,
                                    SessionRecord record) {
  record.stop_signal = runner_entry(runner.kind).stop_signal;
  record.grace = grace;
  if (runner.kind != RunnerKind::kStaprun) return record;
  record.renamed = renames_module(runner.args);
  // Without a name of its own, a module of that name that is loaded already is somebody else's.
  const Result<bool> loaded = record.renamed ? Result<bool>(false) : module_is_loaded(module);
  if (!loaded && loaded.error().sys_errno != ENOENT) return fail(loaded.error());  // Without /proc nothing is unloaded.
  if (!loaded.value_or(false)) record.module = module;
  return record;
}

}  // namespace stapsh::agent
