// SPDX-License-Identifier: Apache-2.0
#include "programs/run_job.h"

#include <signal.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <exception>
#include <memory>

#include "client/events/joblog.h"
#include "client/output/joblog_sink.h"
#include "client/output/outputs.h"
#include "client/run/event_hub.h"
#include "client/run/fleet.h"

namespace stapsh::client {

namespace {

/// --resume-failed: who need not run again.
Result<std::vector<std::string>> finished_hosts(const RstapOptions& options, const Joblog& log) {
  // A list of hosts may be asked for without a script: whatever the log is of.
  const bool any = options.job.script.empty() && !log.rows.empty();
  const std::string command = any ? log.rows.back().command : options.job.command_line();
  Result<std::vector<std::string>> hosts = succeeded_hosts(log, command);
  if (!hosts) return add_context("--joblog: " + options.output.joblog, hosts.error());
  return hosts;
}

/// A dry run is no run of anything: it may read the log, and leaves it as it is.
OutputOptions written_outputs(const RstapOptions& options) {
  OutputOptions output = options.output;
  if (options.dry_run) output.joblog.clear();
  return output;
}

/// What nothing that is written may replace.
UsedFiles read_files(const RstapOptions& options, const Fleet& fleet) {
  UsedFiles read;
  const JobOptions& job = options.job;
  if (job.script_kind == ScriptKind::kStdin) read.add_open("the script", STDIN_FILENO);
  if (job.script_kind == ScriptKind::kFile || job.script_kind == ScriptKind::kReadyModule) {
    read.add("the script", job.script);
  }
  read.add("the configuration", options.configuration);
  for (const std::string& file : fleet.target_files()) read.add("a list of targets", file);
  return read;
}

}  // namespace

Result<> leave_out_succeeded(RstapOptions& options) {
  if (!options.output.resume_failed) return {};
  const Joblog log = TRY(read_joblog(options.output.joblog));
  options.targets.finished = TRY(finished_hosts(options, log));
  return {};
}

Result<int> run_job(RstapOptions options, const std::vector<int>& ignored_signals) {
  asio::io_context io{1};
  EventHub hub(io);
  if (options.dry_run) TRY(leave_out_succeeded(options));
  Outputs outputs = TRY(Outputs::create(
      io, written_outputs(options),
      {[&hub] { hub.note_room(); }, [&hub] { hub.note_reader_gone(); }, [&hub] { hub.note_states_asked(); }}));
  if (options.output.resume_failed && !options.dry_run) {
    options.targets.finished = TRY(finished_hosts(options, outputs.earlier_jobs()));
  }
  outputs.keep_time(io);
  outputs.watch_live(io, [&hub](std::span<const std::size_t> targets) { hub.note_signal_wanted(targets, SIGUSR1); });
  for (EventSink* sink : outputs.sinks()) hub.add(*sink);
  const std::unique_ptr<Fleet> fleet = TRY(Fleet::create(io, options, hub, ignored_signals));
  TRY(outputs.check_targets(fleet->targets(), read_files(options, *fleet)));
  int code = 0;
  const auto run = [&]() -> Awaitable<> {
    code = co_await fleet->run();
    co_await outputs.drain();
  };
  asio::co_spawn(io, run(), [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  });
  io.run();
  return outputs.exit_code(code);
}

}  // namespace stapsh::client
