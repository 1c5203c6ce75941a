// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_line.h"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/assert.h"
#include "base/parse_int.h"
#include "base/parse_seconds.h"
#include "client/cli/client_option_table.h"
#include "client/options/option_table.h"
#include "protocol/runner_kind.h"

namespace stapsh::client {
namespace {

bool is_name(std::string_view text) {
  const auto part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::ranges::all_of(text, part);
}

/// -S SIZE[,N], as stap and staprun take it.
bool is_output_size(std::string_view text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  const auto is_number = [](std::string_view digits) {
    return !digits.empty() && std::ranges::all_of(digits, [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  return is_number(text.substr(0, comma)) && (comma == text.size() || is_number(text.substr(comma + 1)));
}

class CommandLineParser {
 public:
  explicit CommandLineParser(std::span<const std::string> words) : words_(words.begin(), words.end()) {}

  Result<RstapOptions> parse() {
    build_tables();
    TRY(scan());
    if (options_.action != Action::kRun) return std::move(options_);
    if (!positionals_.empty() && positionals_.front() == "sweep") {
      TRY(take_sweep());
      return std::move(options_);
    }
    TRY(take_positionals());
    TRY(check_together());
    // As stap without --remote: here, and without an agent.
    if (options_.targets.remotes.empty()) options_.targets.remotes.emplace_back("direct:");
    return std::move(options_);
  }

 private:
  // What getopt_long returns: a short option's character, or one of these and an index into its table.
  static constexpr int kStapOption = 0x1000, kClientOption = 0x2000, kLimitOption = 0x3000;

  void add_long(std::string_view name, int argument, int value) {
    // The names are literals of the tables, so each ends in a NUL.
    long_options_.push_back({name.data(), argument, nullptr, value});
  }

  void build_tables() {
    short_options_ = ":hV";  // ':' first: a missing value is told apart from an unknown option.
    int index = 0;
    for (const OptionEntry& entry : option_table()) {
      const bool optional = entry.value.substr(0, 1) == "[";
      if (entry.short_name != '\0') {
        short_options_ += entry.short_name;
        if (entry.takes_value()) short_options_ += ':';
      }
      const int argument = optional ? optional_argument : entry.takes_value() ? required_argument : no_argument;
      if (!entry.long_name.empty()) add_long(entry.long_name, argument, kStapOption + index);
      if (entry.id == OptionId::kColor) add_long("colour", argument, kStapOption + index);
      ++index;
    }
    index = 0;
    for (const ClientOption& entry : client_option_table()) {
      add_long(entry.long_name, entry.value.empty() ? no_argument : required_argument, kClientOption + index++);
    }
    index = 0;
    for (const LimitEntry& entry : kLimitTable) add_long(entry.name, required_argument, kLimitOption + index++);
    for (const RefusedOption& entry : refused_option_table()) {
      if (entry.short_name != '\0') short_options_ += entry.short_name;
    }
    long_options_.push_back({nullptr, 0, nullptr, 0});
  }

  Result<> scan() {
    std::string program = "rstap";
    std::vector<char*> argv{program.data()};
    for (std::string& word : words_) argv.push_back(word.data());
    const int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    optind = 0;  // glibc: start anew, forgetting any earlier scan.
    opterr = 0;
    while (true) {
      const int found = getopt_long(argc, argv.data(), short_options_.c_str(), long_options_.data(), nullptr);
      if (found == -1) break;
      TRY(on_option(found, argv[static_cast<std::size_t>(std::max(optind - 1, 0))]));
      if (options_.action != Action::kRun) return {};
    }
    for (int at = optind; at < argc; ++at) positionals_.emplace_back(argv[static_cast<std::size_t>(at)]);
    return {};
  }

  Result<> on_option(int found, std::string_view word) {
    const std::string value = optarg != nullptr ? optarg : "";
    if (found == '?') return unknown(word);
    if (found == ':') return fail(Errc::kUsage, fmt::format("{} needs a value", name_of_failed(word)));
    if (found == 'h') return set_action(Action::kShowHelp);
    if (found == 'V') return set_action(Action::kShowVersion);
    if (found >= kLimitOption) return set_limit(kLimitTable.at(static_cast<std::size_t>(found - kLimitOption)), value);
    if (found >= kClientOption) {
      const ClientOption& entry = client_option_table()[static_cast<std::size_t>(found - kClientOption)];
      return in_context("--" + std::string(entry.long_name), entry.take(options_, value));
    }
    if (found >= kStapOption) {
      const OptionEntry& entry = option_table()[static_cast<std::size_t>(found - kStapOption)];
      return in_context("--" + std::string(entry.long_name), take_stap_option(entry.id, value));
    }
    for (const RefusedOption& entry : refused_option_table()) {
      if (entry.short_name == found) return fail(Errc::kUsage, fmt::format("-{}: {}", entry.short_name, entry.why));
    }
    for (const OptionEntry& entry : option_table()) {
      if (entry.short_name == found) return in_context(entry.spelling(), take_stap_option(entry.id, value));
    }
    STAPSH_ASSERT(false);  // Every option that getopt knows is in a table.
    return {};
  }

  static Result<> in_context(const std::string& option, Result<> result) {
    if (!result) return add_context(option, std::move(result).error());
    return {};
  }

  Result<> set_action(Action action) {
    options_.action = action;
    return {};
  }

  /// optopt is a short option's character, or a long option's value, or 0.
  static std::string name_of_failed(std::string_view word) {
    if (optopt > 0 && optopt < kStapOption) return fmt::format("-{}", static_cast<char>(optopt));
    return std::string(word);
  }

  Result<> unknown(std::string_view word) const {
    const std::string name = name_of_failed(word);
    if (optopt >= kStapOption) {
      return fail(Errc::kUsage, fmt::format("{} takes no value", name.substr(0, name.find('='))));
    }
    if (optopt == 0) {  // A long one: unknown, or the beginning of several.
      const std::string_view begin = std::string_view(name).substr(2, name.find('=') - 2);
      std::string candidates;
      for (const option& entry : long_options_) {
        if (entry.name == nullptr || std::string_view(entry.name).substr(0, begin.size()) != begin) continue;
        candidates += fmt::format("{}--{}", candidates.empty() ? "" : ", ", entry.name);
      }
      if (!candidates.empty()) return fail(Errc::kUsage, fmt::format("'{}' may mean {}", name, candidates));
    }
    return fail(Errc::kUsage, unknown_option_message(name));
  }

  Result<> set_limit(const LimitEntry& entry, std::string_view value) {
    const auto number = parse_int<std::uint64_t>(value, 1, std::uint64_t{1} << 40);
    if (!number) return add_context("--" + std::string(entry.name), number.error());
    options_.limits.*entry.value = *number;
    return {};
  }

  Result<> take_stap_option(OptionId id, const std::string& value) {
    JobOptions& job = options_.job;
    switch (id) {
      case OptionId::kVerbose:
        ++job.verbosity;
        options_.output.verbose = true;
        return {};
      case OptionId::kSuppressWarnings:
        job.suppress_warnings = true;
        return {};
      case OptionId::kCommand:
        job.command = value;
        return {};
      case OptionId::kTargetPid:
        job.target_pid = TRY(parse_int<std::uint32_t>(value, 1, 0x7fff'ffff));
        return {};
      case OptionId::kOutputFile:
        job.output_file = value;
        return {};
      case OptionId::kGlobal:
        return take_global(value);
      case OptionId::kDefine:
        job.defines.push_back(value);
        return {};
      case OptionId::kTapsetDirectory:
        job.tapset_directories.push_back(value);
        return {};
      case OptionId::kModuleName:
        return take_module_name(value);
      case OptionId::kBufferMegabytes:
        job.buffer_megabytes = TRY(parse_int<std::uint32_t>(value, 1, 4'095));
        return {};
      case OptionId::kOutputSize:
        if (!is_output_size(value)) return fail(Errc::kUsage, fmt::format("'{}' is not MB or MB,N", value));
        job.output_size = value;
        return {};
      case OptionId::kBulk:
        job.bulk = true;
        return {};
      case OptionId::kGuru:
        job.guru = true;
        return {};
      case OptionId::kSymbolObject:
        job.symbol_objects.push_back(value);
        return {};
      case OptionId::kRuntime:
        return take_runtime(value);
      case OptionId::kBpf:
        job.runtime = Runtime::kBpf;
        return {};
      case OptionId::kDyninst:
        job.runtime = Runtime::kDyninst;
        return {};
      case OptionId::kTimeout:
        TRY(parse_seconds(value));
        job.timeout_seconds = value;
        return {};
      case OptionId::kColor:
        return take_color(value);
      case OptionId::kRuntimeDirectory:
        job.runtime_directory = value;
        return {};
      case OptionId::kKernelDirectory:
        job.kernel_directories.push_back(value);
        return {};
      case OptionId::kScriptText:
        if (job.script_kind == ScriptKind::kText) return fail(Errc::kUsage, "only one script can be given");
        job.script_kind = ScriptKind::kText;
        job.script = value;
        return {};
      case OptionId::kRemote:
        options_.targets.remotes.push_back(value);
        return {};
      case OptionId::kRemotePrefix:
        return set_labels(options_, LabelMode::kIndex);
    }
    STAPSH_ASSERT(false);  // The switch takes every OptionId.
    return {};
  }

  Result<> take_global(const std::string& value) {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos || !is_name(value.substr(0, equals))) {
      return fail(Errc::kUsage, fmt::format("'{}' is not NAME=VALUE", value));
    }
    options_.job.globals.push_back(value);
    return {};
  }

  Result<> take_module_name(std::string_view value) {
    if (value.size() > 3 && value.substr(value.size() - 3) == ".ko") value.remove_suffix(3);
    if (!is_name(value)) {
      return fail(Errc::kUsage, fmt::format("'{}': a module's name has letters, digits and '_' only", value));
    }
    options_.job.module_name = value;
    return {};
  }

  Result<> take_runtime(std::string_view value) {
    if (value == "kernel")
      options_.job.runtime = Runtime::kKernel;
    else if (value == "bpf")
      options_.job.runtime = Runtime::kBpf;
    else if (value == "dyninst")
      options_.job.runtime = Runtime::kDyninst;
    else
      return fail(Errc::kUsage, fmt::format("'{}' is not kernel, bpf or dyninst", value));
    return {};
  }

  Result<> take_color(const std::string& value) {
    const std::string when = value.empty() ? "always" : value;
    if (when != "never" && when != "auto" && when != "always") {
      return fail(Errc::kUsage, fmt::format("'{}' is not never, auto or always", value));
    }
    options_.job.color = when;
    return {};
  }

  Result<> take_positionals() {
    JobOptions& job = options_.job;
    auto first = positionals_.begin();
    if (job.script_kind != ScriptKind::kText) {
      if (first == positionals_.end()) {
        return fail(Errc::kUsage, "no script: give a FILE, -e 'SCRIPT', or - for standard input; see rstap --help");
      }
      job.script = *first++;
      if (job.script.empty()) return fail(Errc::kUsage, "the script's name is empty");
      if (job.script == "-")
        job.script_kind = ScriptKind::kStdin;
      else if (runner_kind_for_module(job.script))
        job.script_kind = ScriptKind::kReadyModule;
    }
    job.script_arguments.assign(first, positionals_.end());
    return {};
  }

  // `rstap sweep --remote …`. A script of that name is ./sweep.
  Result<> take_sweep() {
    if (positionals_.size() > 1) return fail(Errc::kUsage, fmt::format("sweep takes no '{}'", positionals_[1]));
    if (options_.targets.remotes.empty()) return fail(Errc::kUsage, "sweep needs a --remote");
    options_.action = Action::kSweep;
    return {};
  }

  Result<> check_together() const {
    const JobOptions& job = options_.job;
    if (job.command && job.target_pid) return fail(Errc::kUsage, "-c and -x exclude each other");
    const bool remote =
        std::ranges::any_of(options_.targets.remotes, [](const std::string& each) { return each != "direct:"; });
    if (job.output_file && !job.output_file->starts_with('/') && remote) {
      return fail(Errc::kUsage,
                  fmt::format("-o {}: the file is on each target, and its agent's folder is removed at the "
                              "end; give an absolute path",
                              *job.output_file));
    }
    if (job.output_size && !job.output_file) return fail(Errc::kUsage, "-S needs -o FILE");
    if (job.needs_build()) return {};
    for (const OptionEntry& entry : option_table()) {
      if (entry.build != BuildUse::kContent || option_values(job, entry.id).empty()) continue;
      return fail(Errc::kUsage, fmt::format("{} is built already: {} changes only the build; leave it out", job.script,
                                            entry.spelling()));
    }
    return {};
  }

  std::vector<std::string> words_;
  std::vector<std::string> positionals_;
  std::string short_options_;
  std::vector<option> long_options_;
  RstapOptions options_;
};

}  // namespace

Result<RstapOptions> parse_rstap_arguments(std::span<const std::string> words) {
  return CommandLineParser(words).parse();
}

}  // namespace stapsh::client
