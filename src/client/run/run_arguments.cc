// SPDX-License-Identifier: Apache-2.0
#include "client/run/run_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "client/build/program_headers.h"
#include "client/options/check_options.h"
#include "client/options/option_table.h"

namespace stapsh::client {
namespace {

// The released clients' order; kVerbose and kRemotePrefix apart, each word is as it stands in the table.
constexpr std::array kKernelOptionsFirst{OptionId::kVerbose, OptionId::kSuppressWarnings, OptionId::kOutputFile,
                                         OptionId::kCommand, OptionId::kTargetPid,        OptionId::kBufferMegabytes};
constexpr std::array kKernelOptionsLast{OptionId::kOutputSize, OptionId::kColor, OptionId::kTargetNamespaces};
constexpr std::array kOtherOptions{OptionId::kVerbose,      OptionId::kSuppressWarnings, OptionId::kCommand,
                                   OptionId::kTargetPid,    OptionId::kOutputFile,       OptionId::kColor,
                                   OptionId::kAttachPid,    OptionId::kRunnerFormat,     OptionId::kCoverage,
                                   OptionId::kMakeVariable, OptionId::kUnsafe,           OptionId::kKeepFiles};

Result<> check_script_arguments(const JobOptions& options, RunnerKind runner, std::string_view title) {
  if (options.needs_build() || runner == RunnerKind::kBpftrace) return {};
  for (const std::string& argument : options.script_arguments) {
    if (runner == RunnerKind::kStapbpf) {
      return fail(Errc::kUsage, fmt::format("{}: stapbpf takes no arguments, so '{}' can't reach the module; arguments "
                                            "are built into it: run its script instead",
                                            title, argument));
    }
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::kUsage,
                  fmt::format("{}: {} takes only GLOBAL=VALUE after the module, not '{}'; other arguments "
                              "are built into it: run its script instead",
                              title, runner_name(runner), argument));
    }
  }
  return {};
}

void add_options(std::vector<std::string>& words, const JobOptions& options, RunnerKind runner,
                 std::span<const OptionId> ids) {
  for (const OptionId id : ids) {
    const OptionEntry& entry = option_entry(id);
    const RunnerUse& use = entry.for_runner(runner);
    if (use.kind != RunnerUse::Kind::kOption) continue;
    std::vector<std::string> values = option_values(options, id);
    if (id == OptionId::kVerbose) values.assign(runner_verbosity(options), "");
    if (id == OptionId::kColor) std::erase(values, "auto");
    for (std::string& value : values) {
      words.emplace_back(use.text);
      if (entry.takes_value()) words.push_back(std::move(value));
    }
  }
}

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

}  // namespace

Result<std::vector<std::string>> runner_arguments(const JobOptions& options, RunnerKind runner, AgentVersion version,
                                                  std::string_view module_name, unsigned target_index,
                                                  std::string_view target_uri, std::string_view folder) {
  const std::string title = options.needs_build() ? std::string(module_name) : options.script_name();
  TRY(check_options_of_runner(options, runner, title));
  TRY(check_script_arguments(options, runner, title));
  std::vector<std::string> words;
  if (runner == RunnerKind::kStaprun) {
    add_options(words, options, runner, kKernelOptionsFirst);
    // -m asks for that name, so stap does not rename then.
    if (version >= kFirstWithRename && !options.module_name) words.emplace_back("-R");
    add_options(words, options, runner, kKernelOptionsLast);
  } else {
    add_options(words, options, runner, kOtherOptions);
  }
  if (runner == RunnerKind::kBpftrace && options.answers_wanted) append(words, {"-f", "json"});
  if (runner == RunnerKind::kBpftrace) append(words, header_words(options, folder));
  append(words, options.runner_words);

  if (options.lists()) {
    append(words, {options.lists_variables ? "-lv" : "-l", options.script});
    return words;
  }

  const bool takes_arguments = runner == RunnerKind::kBpftrace;
  // bpftrace looks for its own options behind the program's name, too.
  const auto begins_with_dash = [](std::string_view word) { return word.substr(0, 1) == "-"; };
  if (takes_arguments && std::ranges::any_of(options.script_arguments, begins_with_dash)) words.emplace_back("--");
  words.push_back(fmt::format("{}/{}", folder, module_name));
  append(words, options.globals);
  if (takes_arguments || !options.needs_build()) append(words, options.script_arguments);
  if (runner == RunnerKind::kStaprun && version >= kFirstWithRemote) {
    append(words, {"-r", fmt::format("{}:{}", target_index, target_uri)});
  }
  return words;
}

std::string plan_text(const RstapOptions& options, RunnerKind runner, std::string_view module_name,
                      std::string_view release, std::string_view machine) {
  const std::string built = "built for it " + (options.build_on ? "on " + *options.build_on : "here");
  return fmt::format("would run {} with {} on {} {}, {}", runner_name(runner), module_name, release, machine,
                     options.job.needs_build() ? built : "ready made");
}

}  // namespace stapsh::client
