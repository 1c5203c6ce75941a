// SPDX-License-Identifier: Apache-2.0
#include "client/cli/replay_arguments.h"

#include <fmt/format.h>

#include <utility>

#include "client/cli/check_together.h"
#include "client/cli/nearer_options.h"
#include "client/cli/option_scan.h"
#include "client/cli/option_value.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kReplayHead = R"(rstap replay: show a recorded run as if it ran

Usage: rstap replay FILE [OUTPUT OPTIONS]

FILE is what --record=FILE wrote, or --format=json printed; compressed or not; `-` is standard input.
What is shown, and the exit code, are those of the run. A recording that was cut is shown up to there.
A script of that name is ./replay.

Options, as in rstap --help:
)";

constexpr std::string_view kReplayEnd = R"(
Examples:
  rstap replay run.zst --label
  rstap replay run.zst --format=json | jq -r 'select(.event == "ended") | .name + " " + .outcome'
)";

// What would write files is meant for runs: a usual --record could be the very file that is replayed.
std::vector<GivenOption> usual_output(const std::vector<GivenOption>& usual) {
  std::vector<GivenOption> fitting;
  for (const GivenOption& given : usual) {
    const ValueKind kind = describe_value(given.option->value()).kind;
    const bool writes = kind == ValueKind::kFile || kind == ValueKind::kFolder;
    const bool for_runs = given.option->long_name() == "live";  // As below.
    if (given.option->is_about_output() && !writes && !for_runs) fitting.push_back(given);
  }
  return fitting;
}

}  // namespace

Result<ReplayOptions> parse_replay_arguments(std::span<const std::string> words, const Defaults& defaults) {
  ScannedWords scanned = TRY(scan_words(words, OptionSource::kWords, usual_output(defaults.options)));
  keep_nearer(scanned.options);
  ReplayOptions replay;
  RstapOptions options;
  for (const GivenOption& given : scanned.options) {
    if (given.option->long_name() == "help") {
      replay.show_help = true;
      return replay;
    }
    if (given.option->long_name() == "config") continue;  // It has been read.
    if (!given.option->is_about_output()) {
      return fail(Errc::kUsage, fmt::format("{}: rstap replay runs nothing, and takes only options that say how a run "
                                            "is shown; see rstap replay --help",
                                            given.spelling));
    }
    TRY(apply(given, options));
  }
  if (options.output.answers.live) {
    return fail(Errc::kUsage,
                "--live asks runners for what they have measured until now: it is for runs, not for "
                "recordings; --sum shows what was measured");
  }
  if (scanned.positionals.empty()) return fail(Errc::kUsage, "replay needs a FILE, which --record=FILE wrote");
  if (scanned.positionals.size() > 1) {
    return fail(Errc::kUsage, fmt::format("replay takes one FILE, and no '{}'", scanned.positionals[1]));
  }
  replay.file = scanned.positionals.front();
  if (replay.file.empty()) return fail(Errc::kUsage, "the recording's name is empty");
  replay.output = std::move(options.output);
  return replay;
}

std::string replay_help() {
  std::string text(kReplayHead);
  for (const KnownOption& option : known_options()) {
    if (!option.is_about_output()) continue;
    const std::string_view equals = option.value().empty() || option.value_is_optional() ? "" : "=";
    text +=
        fmt::format("  {:<27} {}\n",
                    option.long_name().empty() ? option.spelling()
                                               : fmt::format("--{}{}{}", option.long_name(), equals, option.value()),
                    option.help());
  }
  text += kReplayEnd;
  return text;
}

}  // namespace stapsh::client
