// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_line.h"

#include <fmt/format.h>

#include <utility>

#include "client/cli/check_together.h"
#include "client/cli/option_scan.h"
#include "client/cli/positionals.h"

namespace stapsh::client {
namespace {

// `rstap sweep --remote …`. A script of that name is ./sweep.
Result<> take_sweep(RstapOptions& options, std::span<const std::string> words) {
  if (words.size() > 1) return fail(Errc::kUsage, fmt::format("sweep takes no '{}'", words[1]));
  if (options.targets.remotes.empty()) return fail(Errc::kUsage, "sweep needs a --remote");
  options.action = Action::kSweep;
  return {};
}

}  // namespace

Result<RstapOptions> parse_rstap_arguments(std::span<const std::string> words) {
  const ScannedWords scanned = TRY(scan_words(words));
  RstapOptions options;
  for (const GivenOption& given : scanned.options) {
    if (Result<> taken = given.option->take(options, given.value); !taken) {
      return add_context(given.spelling, std::move(taken).error());
    }
  }
  if (options.action != Action::kRun) return options;
  if (!scanned.positionals.empty() && scanned.positionals.front() == "sweep") {
    TRY(take_sweep(options, scanned.positionals));
    return options;
  }
  TRY(take_positionals(options.job, scanned.positionals));
  TRY(check_together(options));
  // As stap without --remote: here, and without an agent.
  if (options.targets.remotes.empty()) options.targets.remotes.emplace_back("direct:");
  return options;
}

}  // namespace stapsh::client
