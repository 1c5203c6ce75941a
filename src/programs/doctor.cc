// SPDX-License-Identifier: Apache-2.0
#include "programs/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <variant>

#include "base/shown_text.h"
#include "client/build/script_source.h"
#include "client/doctor/checks.h"
#include "client/doctor/fact_sink.h"
#include "client/doctor/here.h"
#include "client/doctor/table.h"
#include "client/doctor/verdict_json.h"
#include "client/options/check_options.h"
#include "client/run/event_hub.h"
#include "client/run/fleet.h"
#include "client/targets/remote_uri.h"
#include "programs/exit_status.h"
#include "programs/run_job.h"
#include "programs/run_program.h"
#include "sys/io.h"

namespace stapsh::client {
namespace {

constexpr int kSignalCodeBase = 128;

// None: it can be read but once, by who runs it; or is no text at all.
std::optional<std::string> script_text(const JobOptions& job) {
  if (job.script_kind == ScriptKind::kText) return job.script;
  const bool is_text = job.script_kind == ScriptKind::kFile || runner_of(job) == RunnerKind::kBpftrace;
  if (job.script_kind == ScriptKind::kStdin || !is_text) return std::nullopt;
  const Result<bool> again = can_be_opened_by_others(job.script, job.script_name());
  if (!again || !*again) return std::nullopt;
  Result<std::string> text = read_source(job.script, job.script_name());
  return text ? std::optional(*std::move(text)) : std::nullopt;
}

WantedRun wanted_run(const RstapOptions& options) {
  WantedRun wanted;
  wanted.builds_elsewhere = options.build_on.has_value() || !options.job.kernel_directories.empty();
  if (!options.has_program()) return wanted;
  wanted.runner = runner_of(options.job);
  wanted.builds = options.job.needs_build();
  if (const std::optional<std::string> text = script_text(options.job)) {
    wanted.needs = wanted.runner == RunnerKind::kBpftrace ? needs_of_bpftrace(*text) : needs_of_systemtap(*text);
  }
  return wanted;
}

// "-p 2222 root@web01"; empty: ssh does not reach it.
std::string ssh_words(const std::string& uri) {
  const Result<RemoteUri> parsed = parse_remote_uri(uri);
  const SshUri* const ssh = parsed ? std::get_if<SshUri>(&parsed->address) : nullptr;
  if (ssh == nullptr) return {};
  return (ssh->port ? "-p " + std::to_string(*ssh->port) + " " : "") + ssh->destination;
}

void tell_lines(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    // Where nobody reads that, nobody misses it.
    (void)sys::write_all(STDERR_FILENO, "rstap: " + shown_text(line) + "\n", std::chrono::seconds(1));
  }
}

std::vector<TargetVerdict> verdicts_of(const std::vector<TargetFacts>& targets, const RstapOptions& options) {
  std::set<std::string> releases;
  for (const TargetFacts& target : targets) {
    if (target.connected) releases.insert(target.connected->release);
  }
  const HereFacts here = look_here(options, releases);
  const WantedRun wanted = wanted_run(options);
  std::vector<TargetVerdict> verdicts;
  for (const TargetFacts& target : targets) {
    std::string words = ssh_words(target.uri);
    const bool is_ssh = !words.empty();
    verdicts.push_back({target.name, target.uri, std::move(words), checks_of(target, wanted, here, is_ssh)});
  }
  return verdicts;
}

}  // namespace

Result<int> run_doctor(RstapOptions options, const std::vector<int>& ignored_signals) {
  TRY(leave_out_succeeded(options));
  asio::io_context io{1};
  EventHub hub(io);
  FactSink facts;
  hub.add(facts);
  const std::unique_ptr<Fleet> fleet = TRY(Fleet::create(io, options, hub, ignored_signals));
  int fleet_code = 0;
  const auto run = [&]() -> Awaitable<> { fleet_code = co_await fleet->run(); };
  asio::co_spawn(io, run(), [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  });
  io.run();
  for (const std::string& note : facts.notes()) tell_lines(note);
  const std::vector<TargetVerdict> verdicts = verdicts_of(facts.targets(), options);
  bool all_work = true;
  std::string text;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    all_work = all_work && verdicts[i].works();
    if (options.output.format == Format::kJson) text += verdict_json(verdicts[i], facts.targets()[i]);
  }
  if (options.output.format == Format::kText) {
    text = verdict_table(verdicts, options.has_program() ? options.job.script_name() : "a script");
  }
  TRY(print_text(text));
  if (fleet_code > kSignalCodeBase) return fleet_code;  // A person's ctrl-C.
  return all_work ? kExitSuccess : kExitFailure;
}

}  // namespace stapsh::client
