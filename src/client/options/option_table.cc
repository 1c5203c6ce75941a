// SPDX-License-Identifier: Apache-2.0
// What the cells rest on, tried with stap, staprun and stapbpf 4.8 and bpftrace 0.17:
// - -c and -x go to both: stap compiles process probes without a path for the command's or the process's program
//   (the kernel module's name in the cache changes); with -p4 it does not run the command.
// - -s, -S, -o, -G leave the module as it is. stapbpf knows neither them (but -o) nor module words; the released
//   client drops -s, -S and -G silently there, and the run differs from what was asked for. We refuse them.
// - -b changes the kernel module and leaves a BPF one as it is.
// - -T becomes a timer probe in the module, for every runtime; staprun's own -T is something else.
// - stap sends staprun's -x as -t, an undocumented alias of it.
// - stap's -p, -k, -B and -q are other options than bpftrace's: what the program is tells which one is meant. A usual
// one:
//   check_options.cc.
// - stap's spelling of staprun's -C is --color; `auto` is not sent.
// - --suppress-time-limits must stand behind -g, --sysenv behind --sysroot: so do their rows.
// - stap --bpf takes -t, -B and --modinfo and does nothing about them; --suppress-handler-errors and
//   --suppress-time-limits end it with an internal error, --sign-module with a key that no kernel asks for.
// - --target-namespaces leaves the module as it is; only staprun has a -N.
#include "client/options/option_table.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace stapsh::client {
namespace {

using Runners = std::array<RunnerUse, 4>;

constexpr RunnerUse nothing() { return {RunnerUse::Kind::kNothing, {}}; }
constexpr RunnerUse option(std::string_view name) { return {RunnerUse::Kind::kOption, name}; }
constexpr RunnerUse module_word() { return {RunnerUse::Kind::kModuleWord, {}}; }
constexpr RunnerUse sent_files(std::string_view name) { return {RunnerUse::Kind::kSentFiles, name}; }
constexpr RunnerUse client() { return {RunnerUse::Kind::kClient, {}}; }
constexpr RunnerUse refused(std::string_view why = {}) { return {RunnerUse::Kind::kRefused, why}; }
constexpr Runners bpftraces(RunnerUse use, std::string_view why =
                                               "it is bpftrace's, and this is no bpftrace program "
                                               "(--bpftrace says it is one); --stap-arg=WORD hands "
                                               "words to stap") {
  return {refused(why), refused(why), refused(why), use};
}

constexpr Runners also_bpftraces(RunnerUse use) { return {nothing(), nothing(), nothing(), use}; }

// clang-format off
//                                    staprun        stapbpf        stapdyn        bpftrace
constexpr Runners kClientOnly      = {nothing(),     nothing(),     nothing(),     nothing()};
constexpr Runners kInModule        = {nothing(),     nothing(),     nothing(),     refused()};
constexpr Runners kTimeoutRunners  = {nothing(),     nothing(),     nothing(),     client()};
constexpr Runners kFolderRunners   = {nothing(),     nothing(),     nothing(),     sent_files("-I")};
constexpr Runners kInKernelModule  = {nothing(),     refused(),     refused(),     refused()};
constexpr Runners kMakeRunners     = {nothing(),     refused(),     nothing(),     option("-B")};
constexpr Runners kInNoBpfModule   = {nothing(),     refused(),     nothing(),     refused()};
constexpr Runners kVerboseRunners  = {option("-v"),  option("-v"),  option("-v"),  option("-v")};
constexpr Runners kWarningRunners  = {option("-w"),  option("-w"),  option("-w"),  option("--no-warnings")};
constexpr Runners kCommandRunners  = {option("-c"),  option("-c"),  option("-c"),  option("-c")};
constexpr Runners kTargetRunners   = {option("-x"),  option("-x"),  option("-x"),  option("-p")};
constexpr Runners kOutputRunners   = {option("-o"),  option("-o"),  option("-o"),  option("-o")};
constexpr Runners kBufferRunners   = {option("-b"),  refused(),     refused(),     refused()};
constexpr Runners kSizeRunners     = {option("-S"),  refused(),     refused(),     refused()};
constexpr Runners kColorRunners    = {option("-C"),  nothing(),     option("-C"),  nothing()};
constexpr Runners kNamespaces      = {option("-N"),  refused(),     refused(),     refused()};
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
    OptionEntry{OptionId::kTargetNamespaces, '\0', "target-namespaces", "PID", BuildUse::kNone, kNamespaces,
                "ns_pid() and its like are about the namespaces of PID on each target"},
    OptionEntry{OptionId::kTimeout, 'T', "", "SECONDS", BuildUse::kContent, kTimeoutRunners,
                "the script ends after SECONDS (see --deadline, too)"},
    OptionEntry{OptionId::kOutputFile, 'o', "", "FILE", BuildUse::kNone, kOutputRunners,
                "output goes to FILE on each target: an absolute path"},
    OptionEntry{OptionId::kOutputSize, 'S', "", "MB[,N]", BuildUse::kNone, kSizeRunners,
                "with -o: start a new file after MB megabytes, keep the last N"},
    OptionEntry{OptionId::kBufferMegabytes, 's', "", "MB", BuildUse::kNone, kBufferRunners,
                "buffer MB megabytes per processor, 1 to 4095"},
    OptionEntry{OptionId::kBulk, 'b', "", "", BuildUse::kContent, kInKernelModule,
                "bulk mode: a file per processor on each target"},
    OptionEntry{OptionId::kSuppressWarnings, 'w', "no-warnings", "", BuildUse::kHow, kWarningRunners, "no warnings"},
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
    OptionEntry{OptionId::kAttachPid, 'p', "", "PID", BuildUse::kNone,
                bpftraces(option("-p"), "rstap always runs what it builds; to build only, use stap -p4"),
                "trace process PID on each target, its USDT probes too"},
    OptionEntry{OptionId::kRunnerFormat, 'f', "", "text|json", BuildUse::kNone, bpftraces(option("-f")),
                "how bpftrace prints (--format: how rstap does)"},
    OptionEntry{OptionId::kUnsafe, '\0', "unsafe", "", BuildUse::kNone, bpftraces(option("--unsafe")),
                "allow unsafe functions, such as system()"},
    OptionEntry{OptionId::kIncludeFile, '\0', "include", "FILE", BuildUse::kNone, bpftraces(sent_files("--include")),
                "include FILE, which is sent along (repeatable)"},
    OptionEntry{OptionId::kGuru, 'g', "", "", BuildUse::kContent, kClientOnly,
                "guru mode: embedded C and other unsafe things"},
    OptionEntry{OptionId::kDefine, 'D', "", "NAME[=VALUE]", BuildUse::kContent, kClientOnly,
                "define a macro in the module, such as MAXERRORS=9 (repeatable)"},
    OptionEntry{OptionId::kModuleName, 'm', "", "NAME", BuildUse::kContent, kClientOnly,
                "name the module NAME, and load it under that name"},
    OptionEntry{OptionId::kSymbolObject, 'd', "", "OBJECT", BuildUse::kContent, kClientOnly,
                "put the symbols of OBJECT into the module (repeatable)"},
    OptionEntry{OptionId::kTapsetDirectory, 'I', "", "DIR", BuildUse::kWhere, kFolderRunners,
                "look for tapsets, or bpftrace's headers, in DIR, too (repeatable)"},
    OptionEntry{OptionId::kKernelDirectory, 'r', "", "DIR", BuildUse::kWhere, kClientOnly,
                "kernel build folder for the targets that run its release (repeatable)"},
    OptionEntry{OptionId::kRuntimeDirectory, 'R', "", "DIR", BuildUse::kWhere, kClientOnly,
                "systemtap's runtime sources are in DIR"},
    OptionEntry{OptionId::kRemote, '\0', "remote", "TARGET", BuildUse::kNone, kClientOnly,
                "run there (repeatable); forms of TARGET below"},
    OptionEntry{OptionId::kRemotePrefix, '\0', "remote-prefix", "", BuildUse::kNone, kClientOnly,
                "each line of output begins with its target's number"},
    OptionEntry{OptionId::kAddedScript, 'E', "", "SCRIPT", BuildUse::kContent, kClientOnly,
                "build the text SCRIPT in, too (repeatable)"},
    OptionEntry{OptionId::kWarningsAsErrors, 'W', "", "", BuildUse::kWhere, kClientOnly,
                "a warning of stap is an error"},
    OptionEntry{OptionId::kUnoptimized, 'u', "", "", BuildUse::kContent, kClientOnly,
                "build in what the script does not use, too"},
    OptionEntry{OptionId::kTiming, 't', "", "", BuildUse::kContent, kInNoBpfModule,
                "each target says at the end how long its probes took"},
    OptionEntry{OptionId::kKeepFiles, 'k', "", "", BuildUse::kWhere, also_bpftraces(option("-k")),
                "keep the temporary folders of the build, and say where",
                "warn of errors of BPF helpers; -kk: of those of reads, too"},
    OptionEntry{OptionId::kVerbosePasses, '\0', "vp", "ABCDE", BuildUse::kHow, kInModule,
                "-v for each pass by its own: a digit each, the fifth is the runner's"},
    OptionEntry{OptionId::kPrologues, 'P', "", "", BuildUse::kContent, kClientOnly,
                "the same as --prologue-searching=always"},
    OptionEntry{OptionId::kPrologueSearching, '\0', "prologue-searching", "[=WHEN]", BuildUse::kContent, kClientOnly,
                "look for parameters behind prologues: never, auto or always"},
    OptionEntry{OptionId::kSkipBadVariables, '\0', "skip-badvars", "", BuildUse::kContent, kClientOnly,
                "0 in place of context variables that are not there"},
    OptionEntry{OptionId::kSuppressHandlerErrors, '\0', "suppress-handler-errors", "", BuildUse::kContent,
                kInNoBpfModule, "errors in handlers end the handler, and are not said"},
    OptionEntry{OptionId::kSuppressTimeLimits, '\0', "suppress-time-limits", "", BuildUse::kContent, kInNoBpfModule,
                "with -g: no limits of time and statements"},
    OptionEntry{OptionId::kNoGlobalDisplay, '\0', "no-global-var-display", "", BuildUse::kContent, kClientOnly,
                "do not print unread globals at the end"},
    OptionEntry{OptionId::kLddSymbols, '\0', "ldd", "", BuildUse::kContent, kClientOnly,
                "put in symbols of the libraries of probed programs"},
    OptionEntry{OptionId::kModuleSymbols, '\0', "all-modules", "", BuildUse::kContent, kClientOnly,
                "put in symbols of the kernel and the modules loaded here"},
    OptionEntry{OptionId::kMakeVariable, 'B', "", "NAME=VALUE", BuildUse::kContent, kMakeRunners,
                "hand NAME=VALUE to kbuild (repeatable)", "how bpftrace buffers its output", "line|full|none"},
    OptionEntry{OptionId::kModuleInfo, '\0', "modinfo", "NAME=VALUE", BuildUse::kContent, kInKernelModule,
                "put NAME=VALUE into what modinfo shows (repeatable)"},
    OptionEntry{OptionId::kCompatible, '\0', "compatible", "VERSION", BuildUse::kContent, kClientOnly,
                "the script means what it meant to systemtap VERSION"},
    OptionEntry{OptionId::kCheckVersion, '\0', "check-version", "", BuildUse::kWhere, kClientOnly,
                "warn of what depends on systemtap's version"},
    OptionEntry{OptionId::kCoverage, 'q', "", "", BuildUse::kWhere, also_bpftraces(option("-q")),
                "keep count of what is used of the tapsets, in stap's own folder", "bpftrace says nothing by itself"},
    OptionEntry{OptionId::kPrivilege, '\0', "privilege", "LEVEL", BuildUse::kContent, kClientOnly,
                "refuse what LEVEL may not run: stapusr, stapsys or stapdev"},
    OptionEntry{OptionId::kUnprivileged, '\0', "unprivileged", "", BuildUse::kContent, kClientOnly,
                "the same as --privilege=stapusr"},
    OptionEntry{OptionId::kSignModule, '\0', "sign-module", "", BuildUse::kContent, kInKernelModule,
                "sign the module with a machine owner key of yours"},
    OptionEntry{OptionId::kSysroot, '\0', "sysroot", "DIR", BuildUse::kWhere, kClientOnly,
                "the targets' programs and libraries are below DIR"},
    OptionEntry{OptionId::kTargetVariable, '\0', "sysenv", "NAME=VALUE", BuildUse::kWhere, kClientOnly,
                "with --sysroot: NAME is VALUE on the targets (repeatable)"},
    OptionEntry{OptionId::kDownloadDebuginfo, '\0', "download-debuginfo", "[=yes|no|N]", BuildUse::kWhere, kClientOnly,
                "have abrt fetch debuginfo, for at most N seconds"},
    OptionEntry{OptionId::kDisableCache, '\0', "disable-cache", "", BuildUse::kWhere, kClientOnly,
                "leave stap's cache alone"},
    OptionEntry{OptionId::kPoisonCache, '\0', "poison-cache", "", BuildUse::kWhere, kClientOnly,
                "build anew, and put it into stap's cache"},
    OptionEntry{OptionId::kLimitAddressSpace, '\0', "rlimit-as", "BYTES", BuildUse::kWhere, kClientOnly,
                "limit of the build: address space"},
    OptionEntry{OptionId::kLimitProcessorTime, '\0', "rlimit-cpu", "SECONDS", BuildUse::kWhere, kClientOnly,
                "limit of the build: processor time"},
    OptionEntry{OptionId::kLimitProcesses, '\0', "rlimit-nproc", "N", BuildUse::kWhere, kClientOnly,
                "limit of the build: processes of yours"},
    OptionEntry{OptionId::kLimitStack, '\0', "rlimit-stack", "BYTES", BuildUse::kWhere, kClientOnly,
                "limit of the build: stack"},
    OptionEntry{OptionId::kLimitFileSize, '\0', "rlimit-fsize", "BYTES", BuildUse::kWhere, kClientOnly,
                "limit of the build: size of a file"},
    OptionEntry{OptionId::kUseServer, '\0', "use-server", "[=SERVER]", BuildUse::kWhere, kClientOnly,
                "a compile server builds: HOST[:PORT] or a serial (repeatable)"},
    OptionEntry{OptionId::kServerOnError, '\0', "use-server-on-error", "[=yes|no]", BuildUse::kWhere, kClientOnly,
                "let one build what can't be built here"},
};

}  // namespace

std::string OptionEntry::spelling() const {
  if (short_name != '\0') return fmt::format("-{}", short_name);
  return fmt::format("--{}", long_name);
}

bool OptionEntry::is_bpftraces() const {
  return for_runner(RunnerKind::kStaprun).kind == RunnerUse::Kind::kRefused &&
         for_runner(RunnerKind::kBpftrace).kind != RunnerUse::Kind::kRefused;
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
    case OptionId::kAttachPid:
      return one(options.attach_pid);
    case OptionId::kRunnerFormat:
      return one(options.runner_format);
    case OptionId::kUnsafe:
      return when(options.unsafe);
    case OptionId::kIncludeFile:
      return options.include_files;
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
    default:
      break;
  }
  Values values;
  for (const PassedOption& passed : options.passed) {
    if (passed.id == id) values.push_back(passed.value);
  }
  return values;
}

unsigned runner_verbosity(const JobOptions& options) {
  unsigned asked = options.verbosity;
  for (const std::string& digits : option_values(options, OptionId::kVerbosePasses)) {
    if (digits.size() == 5) asked += static_cast<unsigned>(digits.back() - '0');
  }
  return asked > 0 ? asked - 1 : 0;
}

std::string unknown_option_message(std::string_view option) {
  return fmt::format(
      "unknown option '{0}'; say --stap-arg={0} to hand it to the build, --runner-arg={0} to the runner "
      "(a separate value likewise), or put script arguments after --",
      option);
}

}  // namespace stapsh::client
