// SPDX-License-Identifier: Apache-2.0
#include "client/cli/stap_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "base/parse_int.h"
#include "base/parse_seconds.h"
#include "client/cli/client_option_table.h"
#include "client/cli/option_value.h"

namespace stapsh::client {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_identifier(std::string_view text) {
  const auto part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::ranges::all_of(text, part);
}

/// -S SIZE[,N], as stap and staprun take it.
bool is_output_size(std::string_view text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  return is_number(text.substr(0, comma)) && (comma == text.size() || is_number(text.substr(comma + 1)));
}

Result<> take_global(JobOptions& job, const std::string& value) {
  const std::size_t equals = value.find('=');
  if (equals == std::string::npos || !is_identifier(value.substr(0, equals))) {
    return fail(Errc::kUsage, fmt::format("'{}' is not NAME=VALUE", value));
  }
  job.globals.push_back(value);
  return {};
}

Result<> take_module_name(JobOptions& job, std::string_view value) {
  if (value.size() > 3 && value.substr(value.size() - 3) == ".ko") value.remove_suffix(3);
  if (!is_identifier(value)) {
    return fail(Errc::kUsage, fmt::format("'{}': a module's name has letters, digits and '_' only", value));
  }
  job.module_name = value;
  return {};
}

Result<> take_runtime(JobOptions& job, std::string_view value) {
  job.runtime_given = true;
  if (value == "kernel")
    job.runtime = Runtime::kKernel;
  else if (value == "bpf")
    job.runtime = Runtime::kBpf;
  else if (value == "dyninst")
    job.runtime = Runtime::kDyninst;
  else if (value == "bpftrace")
    job.runtime = Runtime::kBpftrace;
  else
    return fail(Errc::kUsage, fmt::format("'{}' is not kernel, bpf, dyninst or bpftrace", value));
  return {};
}

Result<> take_color(RstapOptions& options, const std::string& value) {
  const std::string when = value.empty() ? "always" : value;
  if (when != "never" && when != "auto" && when != "always") {
    return fail(Errc::kUsage, fmt::format("'{}' is not never, auto or always", value));
  }
  options.job.color = when;
  options.output.colour = when == "never"    ? ColourWhen::kNever
                          : when == "always" ? ColourWhen::kAlways
                                             : ColourWhen::kAuto;
  return {};
}

/// What stap would refuse after all targets are connected.
Result<> check_passed(const OptionEntry& entry, const std::string& value) {
  switch (entry.id) {
    case OptionId::kVerbosePasses:
      if (is_number(value) && value.size() <= 5) return {};
      return fail(Errc::kUsage, fmt::format("'{}' is not one to five digits", value));
    case OptionId::kTargetNamespaces:
      TRY(parse_int<std::uint32_t>(value, 1, 0x7fff'ffff));
      return {};
    case OptionId::kLimitAddressSpace:
    case OptionId::kLimitProcessorTime:
    case OptionId::kLimitProcesses:
    case OptionId::kLimitStack:
    case OptionId::kLimitFileSize:
      TRY(parse_int<std::uint64_t>(value, 0, std::numeric_limits<std::uint64_t>::max()));
      return {};
    case OptionId::kModuleInfo:
    case OptionId::kTargetVariable:
      if (value.find('=', 1) != std::string::npos) return {};
      return fail(Errc::kUsage, fmt::format("'{}' is not NAME=VALUE", value));
    case OptionId::kDownloadDebuginfo:
      if (value.empty() || value == "yes" || value == "no" || is_number(value)) return {};
      return fail(Errc::kUsage, fmt::format("'{}' is not yes, no or a number of seconds{}", value,
                                            value == "ask" ? "; a build has no terminal to ask at" : ""));
    default:
      break;
  }
  const OptionValue wanted = describe_value(entry.value);
  if (wanted.choices.empty() || (value.empty() && wanted.may_be_left_out)) return {};
  if (std::ranges::find(wanted.choices, value) != wanted.choices.end()) return {};
  return fail(Errc::kUsage, fmt::format("'{}' is none of {}", value, fmt::join(wanted.choices, ", ")));
}

}  // namespace

Result<> take_stap_option(RstapOptions& options, OptionId id, const std::string& value) {
  JobOptions& job = options.job;
  switch (id) {
    case OptionId::kVerbose:
      ++job.verbosity;
      options.output.verbose = true;
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
      return take_global(job, value);
    case OptionId::kDefine:
      job.defines.push_back(value);
      return {};
    case OptionId::kTapsetDirectory:
      job.tapset_directories.push_back(value);
      return {};
    case OptionId::kModuleName:
      return take_module_name(job, value);
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
      return take_runtime(job, value);
    case OptionId::kBpf:
      return take_runtime(job, "bpf");
    case OptionId::kDyninst:
      return take_runtime(job, "dyninst");
    case OptionId::kBpftrace:
      return take_runtime(job, "bpftrace");
    // What these values may be is checked when it is known whose options they are (check_options.h).
    case OptionId::kAttachPid:
      job.attach_pid = value;
      return {};
    case OptionId::kRunnerFormat:
      job.runner_format = value;
      return {};
    case OptionId::kUnsafe:
      job.unsafe = true;
      return {};
    case OptionId::kIncludeFile:
      if (value.empty()) return fail(Errc::kUsage, "the value is empty");
      job.include_files.push_back(value);
      return {};
    case OptionId::kTimeout:
      TRY(parse_seconds(value));
      job.timeout_seconds = value;
      return {};
    case OptionId::kColor:
      return take_color(options, value);
    case OptionId::kRuntimeDirectory:
      job.runtime_directory = value;
      return {};
    case OptionId::kKernelDirectory:
      job.kernel_directories.push_back(value);
      return {};
    case OptionId::kScriptText:
      if (job.script_kind == ScriptKind::kText) return fail(Errc::kUsage, "only one script can be given");
      if (job.lists()) return fail(Errc::kUsage, fmt::format("{} lists probes, and runs no script", job.script_name()));
      job.script_kind = ScriptKind::kText;
      job.script = value;
      return {};
    case OptionId::kRemote:
      options.targets.remotes.push_back(value);
      return {};
    case OptionId::kRemotePrefix:
      return set_labels(options, LabelMode::kIndex);
    default:
      TRY(check_passed(option_entry(id), value));
      job.passed.push_back({id, value});
      return {};
  }
}

}  // namespace stapsh::client
