// SPDX-License-Identifier: Apache-2.0
// What the cells rest on, tried with stap, staprun and stapbpf 4.8 and bpftrace 0.17:
// - -c and -x go to both: stap compiles process probes without a path for the command's or the process's program
//   (the kernel module's name in the cache changes); with -p4 it does not run the command.
// - -s, -S, -o, -G leave the module as it is. stapbpf knows neither them (but -o) nor module words; the released
//   client drops -s, -S and -G silently there, and the run differs from what was asked for. We refuse them.
// - -b changes the kernel module and leaves a BPF one as it is.
// - -T becomes a timer probe in the module, for every runtime; staprun's own -T is something else.
// - stap sends staprun's -x as -t, an undocumented alias of it.
// - stap's spelling of staprun's -C is --color; `auto` is not sent.
#include "client/options/option_table.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace stapsh::client {
namespace {

using Runners = std::array<RunnerUse, 4>;

constexpr RunnerUse nothing() { return {RunnerUse::Kind::kNothing, {}}; }
constexpr RunnerUse option(std::string_view name) { return {RunnerUse::Kind::kOption, name}; }
constexpr RunnerUse module_word() { return {RunnerUse::Kind::kModuleWord, {}}; }
constexpr RunnerUse refused() { return {RunnerUse::Kind::kRefused, {}}; }

// clang-format off
//                                    staprun        stapbpf        stapdyn        bpftrace
constexpr Runners kClientOnly      = {nothing(),     nothing(),     nothing(),     nothing()};
constexpr Runners kInModule        = {nothing(),     nothing(),     nothing(),     refused()};
constexpr Runners kInKernelModule  = {nothing(),     refused(),     refused(),     refused()};
constexpr Runners kVerboseRunners  = {option("-v"),  option("-v"),  option("-v"),  option("-v")};
constexpr Runners kWarningRunners  = {option("-w"),  option("-w"),  option("-w"),  option("--no-warnings")};
constexpr Runners kCommandRunners  = {option("-c"),  option("-c"),  option("-c"),  option("-c")};
constexpr Runners kTargetRunners   = {option("-x"),  option("-x"),  option("-x"),  option("-p")};
constexpr Runners kOutputRunners   = {option("-o"),  option("-o"),  option("-o"),  option("-o")};
constexpr Runners kBufferRunners   = {option("-b"),  refused(),     refused(),     refused()};
constexpr Runners kSizeRunners     = {option("-S"),  refused(),     refused(),     refused()};
constexpr Runners kColorRunners    = {option("-C"),  nothing(),     option("-C"),  nothing()};
constexpr Runners kGlobalRunners   = {module_word(), refused(),     module_word(), refused()};
// clang-format on

constexpr std::array kTable{
    OptionEntry{OptionId::kScriptText, 'e', "", "SCRIPT", BuildUse::kContent, kClientOnly,
                "the script is the text SCRIPT"},
    OptionEntry{OptionId::kGlobal, 'G', "", "NAME=VALUE", BuildUse::kNone, kGlobalRunners,
                "set the script's global NAME when it starts (repeatable)"},
    OptionEntry{OptionId::kCommand, 'c', "", "CMD", BuildUse::kHow, kCommandRunners,
                "run CMD on each target and stop when it ends; target() is its pid"},
    OptionEntry{OptionId::kTargetPid, 'x', "", "PID", BuildUse::kHow, kTargetRunners, "target() is PID on each target"},
    OptionEntry{OptionId::kTimeout, 'T', "", "SECONDS", BuildUse::kContent, kInModule,
                "the script ends itself after SECONDS (see --deadline, too)"},
    OptionEntry{OptionId::kOutputFile, 'o', "", "FILE", BuildUse::kNone, kOutputRunners,
                "output goes to FILE on each target: an absolute path"},
    OptionEntry{OptionId::kOutputSize, 'S', "", "MB[,N]", BuildUse::kNone, kSizeRunners,
                "with -o: start a new file after MB megabytes, keep the last N"},
    OptionEntry{OptionId::kBufferMegabytes, 's', "", "MB", BuildUse::kNone, kBufferRunners,
                "buffer MB megabytes per processor, 1 to 4095"},
    OptionEntry{OptionId::kBulk, 'b', "", "", BuildUse::kContent, kInKernelModule,
                "bulk mode: a file per processor on each target"},
    OptionEntry{OptionId::kSuppressWarnings, 'w', "", "", BuildUse::kHow, kWarningRunners, "no warnings"},
    OptionEntry{OptionId::kVerbose, 'v', "", "", BuildUse::kHow, kVerboseRunners,
                "say what each target is doing; each further -v reaches the runner"},
    OptionEntry{OptionId::kColor, 'C', "color", "[=WHEN]", BuildUse::kHow, kColorRunners,
                "colour messages: never, auto or always (-C needs WHEN)"},
    OptionEntry{OptionId::kRuntime, '\0', "runtime", "MODE", BuildUse::kContent, kClientOnly,
                "kernel (staprun), bpf (stapbpf), dyninst (stapdyn) or bpftrace"},
    OptionEntry{OptionId::kBpf, '\0', "bpf", "", BuildUse::kContent, kClientOnly, "the same as --runtime=bpf"},
    OptionEntry{OptionId::kDyninst, '\0', "dyninst", "", BuildUse::kContent, kClientOnly,
                "the same as --runtime=dyninst"},
    OptionEntry{OptionId::kBpftrace, '\0', "bpftrace", "", BuildUse::kNone, kClientOnly,
                "what is run is a bpftrace program, as --runtime=bpftrace says"},
    OptionEntry{OptionId::kGuru, 'g', "", "", BuildUse::kContent, kClientOnly,
                "guru mode: embedded C and other unsafe things"},
    OptionEntry{OptionId::kDefine, 'D', "", "NAME[=VALUE]", BuildUse::kContent, kClientOnly,
                "define a macro in the module, such as MAXERRORS=9 (repeatable)"},
    OptionEntry{OptionId::kModuleName, 'm', "", "NAME", BuildUse::kContent, kClientOnly,
                "name the module NAME, and load it under that name"},
    OptionEntry{OptionId::kSymbolObject, 'd', "", "OBJECT", BuildUse::kContent, kClientOnly,
                "put the symbols of OBJECT into the module (repeatable)"},
    OptionEntry{OptionId::kTapsetDirectory, 'I', "", "DIR", BuildUse::kHow, kClientOnly,
                "look for tapsets in DIR, too (repeatable)"},
    OptionEntry{OptionId::kKernelDirectory, 'r', "", "DIR", BuildUse::kHow, kClientOnly,
                "kernel build folder for the targets that run its release (repeatable)"},
    OptionEntry{OptionId::kRuntimeDirectory, 'R', "", "DIR", BuildUse::kHow, kClientOnly,
                "systemtap's runtime sources are in DIR"},
    OptionEntry{OptionId::kRemote, '\0', "remote", "TARGET", BuildUse::kNone, kClientOnly,
                "run there (repeatable); forms of TARGET below"},
    OptionEntry{OptionId::kRemotePrefix, '\0', "remote-prefix", "", BuildUse::kNone, kClientOnly,
                "each line of output begins with its target's number"},
};

}  // namespace

std::string OptionEntry::spelling() const {
  if (short_name != '\0') return fmt::format("-{}", short_name);
  return fmt::format("--{}", long_name);
}

std::span<const OptionEntry> option_table() { return kTable; }

const OptionEntry& option_entry(OptionId id) {
  for (const OptionEntry& entry : kTable) {
    if (entry.id == id) return entry;
  }
  STAPSH_ASSERT(false);  // Every OptionId has a row.
  return kTable.front();
}

namespace {

using Values = std::vector<std::string>;
Values times(unsigned count) { return Values(count); }
Values when(bool given) { return Values(given ? 1 : 0); }
Values one(const std::optional<std::string>& value) { return value ? Values{*value} : Values{}; }
Values one(const std::optional<std::uint32_t>& value) { return value ? Values{std::to_string(*value)} : Values{}; }

}  // namespace

std::vector<std::string> option_values(const JobOptions& options, OptionId id) {
  switch (id) {
    case OptionId::kVerbose:
      return times(options.verbosity);
    case OptionId::kSuppressWarnings:
      return when(options.suppress_warnings);
    case OptionId::kCommand:
      return one(options.command);
    case OptionId::kTargetPid:
      return one(options.target_pid);
    case OptionId::kOutputFile:
      return one(options.output_file);
    case OptionId::kGlobal:
      return options.globals;
    case OptionId::kDefine:
      return options.defines;
    case OptionId::kTapsetDirectory:
      return options.tapset_directories;
    case OptionId::kModuleName:
      return one(options.module_name);
    case OptionId::kBufferMegabytes:
      return one(options.buffer_megabytes);
    case OptionId::kOutputSize:
      return one(options.output_size);
    case OptionId::kBulk:
      return when(options.bulk);
    case OptionId::kGuru:
      return when(options.guru);
    case OptionId::kSymbolObject:
      return options.symbol_objects;
    case OptionId::kRuntime:
      return {};
    case OptionId::kBpf:
      return when(options.runtime == Runtime::kBpf);
    case OptionId::kDyninst:
      return when(options.runtime == Runtime::kDyninst);
    case OptionId::kBpftrace:
      return when(options.runtime == Runtime::kBpftrace);
    case OptionId::kTimeout:
      return one(options.timeout_seconds);
    case OptionId::kColor:
      return one(options.color);
    case OptionId::kRuntimeDirectory:
      return one(options.runtime_directory);
    case OptionId::kKernelDirectory:
      return options.kernel_directories;
    case OptionId::kScriptText:
    case OptionId::kRemote:
    case OptionId::kRemotePrefix:
      return {};
  }
  STAPSH_ASSERT(false);  // The switch has every OptionId.
  return {};
}

std::string unknown_option_message(std::string_view option) {
  return fmt::format(
      "unknown option '{0}'; say --stap-arg={0} to hand it to the build, --runner-arg={0} to the runner "
      "(a separate value likewise), or put script arguments after --",
      option);
}

}  // namespace stapsh::client
