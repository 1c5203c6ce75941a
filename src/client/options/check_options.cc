// SPDX-License-Identifier: Apache-2.0
#include "client/options/check_options.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/assert.h"
#include "base/parse_int.h"

namespace stapsh::client {
namespace {

bool changes_only_build(const OptionEntry& entry, RunnerKind runner) {
  const bool for_build = entry.build == BuildUse::kContent || entry.build == BuildUse::kWhere;
  const RunnerUse::Kind use = entry.for_runner(runner).kind;
  return for_build && (use == RunnerUse::Kind::kNothing || use == RunnerUse::Kind::kRefused);
}

Result<> check_built(const JobOptions& job, RunnerKind runner) {
  if (job.needs_build()) return {};
  const auto refuse = [&](std::string_view spelling) {
    const std::string_view why =
        runner == RunnerKind::kBpftrace ? "is a bpftrace program, of which nothing is built" : "is built already";
    return fail(Errc::kUsage,
                fmt::format("{} {}: {} changes only the build; leave it out", job.script_name(), why, spelling));
  };
  for (const OptionEntry& entry : option_table()) {
    if (changes_only_build(entry, runner) && !option_values(job, entry.id).empty()) return refuse(entry.spelling());
  }
  if (!job.build_words.empty()) return refuse("--stap-arg");
  return {};
}

// What bpftrace's -B takes, and stap's does not.
bool is_buffering(std::string_view value) { return value == "line" || value == "full" || value == "none"; }

Result<> check_values(const JobOptions& job) {
  if (job.attach_pid) {
    const Result<std::uint32_t> pid = parse_int<std::uint32_t>(*job.attach_pid, 1, 0x7fff'ffff);
    if (!pid) return add_context("-p", pid.error());
  }
  if (job.runner_format && *job.runner_format != "text" && *job.runner_format != "json") {
    return fail(Errc::kUsage, fmt::format("-f: '{}' is not text or json", *job.runner_format));
  }
  for (const std::string& mode : option_values(job, OptionId::kMakeVariable)) {
    if (runner_of(job) != RunnerKind::kBpftrace || is_buffering(mode)) continue;
    return fail(Errc::kUsage, fmt::format("-B: '{}' is not line, full or none", mode));
  }
  // stap would refuse these, too, but after all targets are connected.
  const auto given = [&](OptionId id) { return !option_values(job, id).empty(); };
  if (given(OptionId::kSuppressTimeLimits) && !job.guru) return fail(Errc::kUsage, "--suppress-time-limits needs -g");
  if (given(OptionId::kTargetVariable) && !given(OptionId::kSysroot)) {
    return fail(Errc::kUsage, "--sysenv needs --sysroot=DIR");
  }
  if (given(OptionId::kUseServer) && given(OptionId::kBpf)) {
    return fail(Errc::kUsage, "--use-server: a compile server builds no BPF; leave it out, or --bpf");
  }
  // Who says -f json wants to see JSON, and who says --sum does not.
  if (job.runner_format && job.answers_wanted) {
    return fail(Errc::kUsage,
                "-f: --sum and its like have bpftrace print JSON, and read it themselves; leave one of them out");
  }
  return {};
}

// Of a usual option that is two, one to stap and another to bpftrace. The value of -B tells. -k and -q are bpftrace's,
// and change what it says; stap's leave files where it builds, in every run, which is nobody's usual wish: who means
// them says them for this run.
bool is_meant_for_bpftrace(const OptionEntry& entry, std::string_view value) {
  return !entry.takes_value() || is_buffering(value);
}

}  // namespace

RunnerKind runner_of(const JobOptions& job) {
  if (job.script_kind == ScriptKind::kReadyModule) {
    return runner_kind_for_module(job.script).value_or(RunnerKind::kStaprun);
  }
  switch (job.runtime) {
    case Runtime::kKernel:
      return RunnerKind::kStaprun;
    case Runtime::kBpf:
      return RunnerKind::kStapbpf;
    case Runtime::kDyninst:
      return RunnerKind::kStapdyn;
    case Runtime::kBpftrace:
      return RunnerKind::kBpftrace;
  }
  STAPSH_ASSERT(false);  // The switch has every Runtime.
  return RunnerKind::kStaprun;
}

Result<> check_options_of_runner(const JobOptions& job, RunnerKind runner, std::string_view title) {
  for (const OptionEntry& entry : option_table()) {
    const RunnerUse& use = entry.for_runner(runner);
    if (use.kind != RunnerUse::Kind::kRefused || option_values(job, entry.id).empty()) continue;
    if (!use.text.empty()) return fail(Errc::kUsage, fmt::format("{}: {}: {}", title, entry.spelling(), use.text));
    std::string_view remedy = "leave it out, or hand words over with --runner-arg=WORD";
    if (entry.build == BuildUse::kContent) remedy = "leave it out";
    if (entry.id == OptionId::kGlobal) remedy = "give the script an argument ($1, @1) instead";
    return fail(Errc::kUsage,
                fmt::format("{}: {} can't do {}; {}", title, runner_name(runner), entry.spelling(), remedy));
  }
  return {};
}

bool is_of_no_use(const JobOptions& job, const OptionEntry& entry, std::string_view value) {
  const RunnerKind runner = runner_of(job);
  if (entry.is_two_options() && is_meant_for_bpftrace(entry, value) != (runner == RunnerKind::kBpftrace)) return true;
  if (option_values(job, entry.id).empty()) return false;  // Or it says what the program is: -e, --runtime.
  return entry.for_runner(runner).kind == RunnerUse::Kind::kRefused ||
         (!job.needs_build() && changes_only_build(entry, runner));
}

Result<> check_options_of_program(const JobOptions& job) {
  const RunnerKind runner = runner_of(job);
  TRY(check_built(job, runner));
  TRY(check_options_of_runner(job, runner, job.script_name()));
  return check_values(job);
}

}  // namespace stapsh::client
