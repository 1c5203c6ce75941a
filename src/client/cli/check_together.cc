// SPDX-License-Identifier: Apache-2.0
#include "client/cli/check_together.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/options/check_options.h"
#include "client/options/direct_form.h"
#include "protocol/runner_environment.h"

namespace stapsh::client {

Result<> check_nothing_replaced(const RstapOptions& options) {
  if (!options.dry_run) return {};
  const OutputOptions& output = options.output;
  const std::string_view what = options.action == Action::kDoctor ? "doctor" : "--dry-run";
  if (!output.joblog.empty() && !output.resume_failed) {
    return fail(Errc::kUsage,
                fmt::format("{} runs nothing, and --joblog would lose its rows of earlier runs: leave one of "
                            "them out (--no-joblog), or add --resume-failed, which reads them",
                            what));
  }
  if (output.record_file) {
    return fail(Errc::kUsage,
                fmt::format("{} runs nothing, and --record would replace an earlier run's recording: leave "
                            "one of them out (--no-record)",
                            what));
  }
  if (!output.outdir.empty() || !output.errdir.empty()) {
    const std::string_view name = output.outdir.empty() ? "errdir" : "outdir";
    return fail(Errc::kUsage, fmt::format("{1} runs nothing, and --{0} would empty its files of earlier runs: "
                                          "leave one of them out (--no-{0})",
                                          name, what));
  }
  const AnswerRequest& answers = output.answers;
  if (!answers.report_file.empty() || !answers.folded_file.empty() || !answers.metrics_file.empty()) {
    return fail(Errc::kUsage,
                fmt::format("{} runs nothing, and --report, --folded and --metrics would replace an earlier "
                            "run's files: leave them out",
                            what));
  }
  return {};
}

Result<> check_resume_failed(const OutputOptions& output) {
  if (!output.resume_failed || !output.joblog.empty()) return {};
  return fail(Errc::kUsage, "--resume-failed needs --joblog=FILE: what failed is written there");
}

Result<> check_together(const RstapOptions& options) {
  const JobOptions& job = options.job;
  TRY(check_options_of_program(job));
  if (job.command && job.target_pid) return fail(Errc::kUsage, "-c and -x exclude each other");
  if (job.attach_pid && (job.command || job.target_pid)) {
    return fail(Errc::kUsage, fmt::format("{} and -p exclude each other", job.command ? "-c" : "-x"));
  }
  const auto is_remote = [](const std::string& each) { return !is_direct(each); };
  const bool remote = !options.targets.inventories.empty() || std::ranges::any_of(options.targets.remotes, is_remote);
  if (job.output_file && !job.output_file->starts_with('/') && remote) {
    return fail(Errc::kUsage, fmt::format("-o {}: the file is on each target, and its agent's folder is removed at the "
                                          "end; give an absolute path",
                                          *job.output_file));
  }
  if (options.output.format == Format::kJson && (options.output.gather || options.output.diff)) {
    return fail(Errc::kUsage, "--format=json prints each event: it excludes --gather and --diff");
  }
  if (options.output.answers.wanted() &&
      (options.output.format == Format::kJson || options.output.gather || options.output.diff)) {
    return fail(Errc::kUsage,
                "--sum and its like make one answer of what targets measure: they exclude --gather, --diff and "
                "--format=json");
  }
  if (options.output.answers.wanted() && job.output_file) {
    return fail(Errc::kUsage, fmt::format("-o {}: what targets measure goes into their files, and --sum and its like "
                                          "have nothing to add up; leave one of them out",
                                          *job.output_file));
  }
  TRY(check_resume_failed(options.output));
  if (options.reach.ask_become_pass && options.reach.batch) {
    return fail(Errc::kUsage, "--ask-become-pass asks, and --batch asks nothing: leave one of them out");
  }
  if (options.output.answers.live && options.action == Action::kRun && runner_of(job) != RunnerKind::kBpftrace) {
    return fail(Errc::kUsage,
                fmt::format("--live asks bpftrace for its maps while it runs; systemtap can't be asked, and {} is none "
                            "of bpftrace's programs (--bpftrace says it is one). A systemtap script can print at "
                            "intervals: leave --live out, --sum adds up what it prints",
                            job.script_name()));
  }
  TRY(check_nothing_replaced(options));
  if (job.output_size && !job.output_file) return fail(Errc::kUsage, "-S needs -o FILE");
  for (const std::string& variable : job.runner_environment) {
    if (const Result<> fits = check_runner_variable(variable, runner_of(job)); !fits) {
      return add_context("--env", fits.error());
    }
  }
  const OutputOptions& output = options.output;
  if (output.gather && (output.timestamps != Timestamps::kNone || output.by_time)) {
    return fail(Errc::kUsage, fmt::format("--gather and {} exclude each other: lines of several times are never equal",
                                          output.by_time ? "--by-time" : "--timestamps"));
  }
  return {};
}

}  // namespace stapsh::client
