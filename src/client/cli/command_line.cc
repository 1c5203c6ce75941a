// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_line.h"

#include <fmt/format.h>

#include <utility>

#include "client/cli/check_together.h"
#include "client/cli/listing.h"
#include "client/cli/nearer_options.h"
#include "client/cli/option_scan.h"
#include "client/cli/positionals.h"
#include "client/options/check_options.h"

namespace stapsh::client {
namespace {

// `rstap sweep --remote …`. A script of that name is ./sweep.
Result<> take_sweep(RstapOptions& options, std::span<const std::string> words) {
  if (words.size() > 1) return fail(Errc::kUsage, fmt::format("sweep takes no '{}'", words[1]));
  if (!options.targets.any()) return fail(Errc::kUsage, "sweep needs a --remote or an --inventory");
  if (options.dry_run) return fail(Errc::kUsage, "sweep knows no --dry-run");
  options.action = Action::kSweep;
  return {};
}

// `rstap doctor --remote … [SCRIPT]`. A script of that name is ./doctor. What the words say of a run as a whole means
// nothing to who runs nothing, and each target is to be asked whatever became of others.
Result<> take_doctor(RstapOptions& options, std::span<const std::string> words) {
  if (!options.targets.any()) return fail(Errc::kUsage, "doctor needs a --remote or an --inventory");
  if (options.job.lists()) return fail(Errc::kUsage, options.job.script_name() + " lists probes: doctor knows no such");
  options.action = Action::kDoctor;
  options.dry_run = true;
  options.canary.reset();
  options.halt.reset();
  options.together = options.all_or_nothing = false;
  if (words.empty() && options.job.script.empty()) {
    TRY(check_resume_failed(options.output));
    return check_nothing_replaced(options);
  }
  TRY(take_positionals(options.job, words));
  return check_together(options);
}

Result<RstapOptions> apply_all(const std::vector<GivenOption>& given, const Defaults& defaults) {
  RstapOptions options;
  options.targets.groups = defaults.groups;
  options.configuration = defaults.file;
  for (const GivenOption& each : given) TRY(apply(each, options));
  return options;
}

// Who has succeeded is left out; with a script, the log must be of that.
Result<> check_listed(RstapOptions& options, std::span<const std::string> words) {
  if (!options.output.resume_failed) return {};
  TRY(check_resume_failed(options.output));
  if (!words.empty() || !options.job.script.empty()) TRY(take_positionals(options.job, words));
  return {};
}

bool is_for_builds(const KnownOption& option) { return option.long_name() == "stap-arg"; }

// What is usual may be meant for programs of another kind: -r for systemtap's, --unsafe for bpftrace's. Who says it for
// this very run is told that it makes no sense.
bool leave_out_unfit(std::vector<GivenOption>& options, const JobOptions& job) {
  return std::erase_if(options, [&](const GivenOption& given) {
           if (given.source == OptionSource::kWords) return false;
           const OptionEntry* entry = given.option->run_option();
           if (entry == nullptr) return !job.needs_build() && is_for_builds(*given.option);
           return is_of_no_use(job, *entry, given.value);
         }) > 0;
}

}  // namespace

Result<RstapOptions> parse_rstap_arguments(std::span<const std::string> words, const Defaults& defaults) {
  ScannedWords scanned = TRY(scan_words(words, OptionSource::kWords, defaults.options));
  keep_nearer(scanned.options);
  const bool is_doctor = !scanned.positionals.empty() && scanned.positionals.front() == "doctor";
  leave_out_written(scanned.options, is_doctor);
  RstapOptions options = TRY(apply_all(scanned.options, defaults));
  if (options.action == Action::kListHosts && !options.targets.any()) {
    return fail(Errc::kUsage, "--list-hosts needs a --remote or an --inventory");
  }
  if (options.targets.limit && options.targets.inventories.empty()) {
    return fail(Errc::kUsage, "--limit is for the hosts of an --inventory; of others, --exclude=SET leaves some out");
  }
  if (options.action == Action::kListHosts) TRY(check_listed(options, scanned.positionals));
  if (options.action != Action::kRun) return options;
  if (!scanned.positionals.empty() && scanned.positionals.front() == "sweep") {
    TRY(take_sweep(options, scanned.positionals));
    return options;
  }
  if (is_doctor) {
    TRY(take_doctor(options, std::span(scanned.positionals).subspan(1)));
    if (options.has_program() && leave_out_unfit(scanned.options, options.job)) {
      options = TRY(apply_all(scanned.options, defaults));
      TRY(take_doctor(options, std::span(scanned.positionals).subspan(1)));
    }
    return options;
  }
  TRY(take_positionals(options.job, scanned.positionals));
  if (leave_out_unfit(scanned.options, options.job)) {
    options = TRY(apply_all(scanned.options, defaults));
    TRY(take_positionals(options.job, scanned.positionals));
  }
  if (options.job.lists()) TRY(settle_listing(options));
  options.job.answers_wanted = options.output.answers.wanted();
  options.job.exact_avg = options.output.answers.exact_avg;
  TRY(check_together(options));
  // As stap without --remote: here, and without an agent.
  if (!options.targets.any()) options.targets.remotes.emplace_back("direct:");
  return options;
}

}  // namespace stapsh::client
