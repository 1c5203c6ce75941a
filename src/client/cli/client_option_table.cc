// SPDX-License-Identifier: Apache-2.0
#include "client/cli/client_option_table.h"

#include <fmt/format.h>

#include <array>

#include "base/parse_int.h"
#include "base/parse_seconds.h"
#include "client/cli/option_takers.h"
#include "protocol/runner_environment.h"

namespace stapsh::client {
namespace {

using namespace takers;
using Options = RstapOptions;
using Value = const std::string&;

constexpr std::chrono::milliseconds kLiveMin{100};  // Each time all runners print all that they have.

Result<> take_label(Options& options, Value) { return set_labels(options, LabelMode::kName); }

Result<> take_progress(Options& options, Value value) {
  if (value == "auto")
    options.output.progress = ProgressMode::kAuto;
  else if (value == "always")
    options.output.progress = ProgressMode::kAlways;
  else if (value == "never")
    options.output.progress = ProgressMode::kNever;
  else
    return fail(Errc::kUsage, fmt::format("'{}' is not auto, always or never", value));
  return {};
}

Result<> take_dialect(Options& options, Value value) {
  if (value == "released")
    options.dialect = Dialect::kReleased;
  else if (value == "rfc")
    options.dialect = Dialect::kRfc;
  else
    return fail(Errc::kUsage, fmt::format("'{}' is not rfc or released", value));
  return {};
}

Result<> take_timestamps(Options& options, Value value) {
  if (value.empty() || value == "iso")
    options.output.timestamps = Timestamps::kIso;
  else if (value == "delta")
    options.output.timestamps = Timestamps::kDelta;
  else
    return fail(Errc::kUsage, fmt::format("'{}' is not iso or delta", value));
  return {};
}

Result<> take_by_time(Options& options, Value value) {
  if (!value.empty()) return take_seconds<&Options::output, &OutputOptions::by_time>(options, value);
  options.output.by_time = std::chrono::seconds(1);
  return {};
}

Result<> take_fanout(Options& options, Value value) {
  options.fanout = TRY(parse_int<unsigned>(value, 1, 100'000));
  return {};
}

Result<> take_variable(Options& options, Value value) {
  TRY(check_runner_variable(value));
  std::vector<std::string>& all = options.job.runner_environment;
  std::erase_if(all, [&](const std::string& each) { return each.starts_with(value.substr(0, value.find('=') + 1)); });
  all.push_back(value);
  return {};
}

// defaults.cc looks for it before all others.
Result<> take_nothing(Options&, Value) { return {}; }

Result<> take_retries(Options& options, Value value) {
  options.reach.retries = TRY(parse_int<unsigned>(value, 0, 1'000));
  return {};
}

Result<> take_bootstrap(Options& options, Value value) {
  if (value.empty() || value == "remove")
    options.reach.bootstrap = Bootstrap::kRemove;
  else if (value == "keep")
    options.reach.bootstrap = Bootstrap::kKeep;
  else
    return fail(Errc::kUsage, fmt::format("'{}' is not keep or remove", value));
  return {};
}

Result<> take_become(Options& options, Value value) {
  if (value.find_first_of(" \t\n") != std::string::npos) {
    return fail(Errc::kUsage, fmt::format("'{}' is no name of a user", value));
  }
  options.reach.become = value.empty() ? "root" : value;
  return {};
}

Result<> take_ask_become_pass(Options& options, Value) {
  options.reach.ask_become_pass = true;
  if (!options.reach.become) options.reach.become = "root";
  return {};
}

Result<> take_pick(Options& options, Value value) {
  options.targets.pick = TRY(parse_int<unsigned>(value, 1, 100'000));
  return {};
}

Result<> take_keepalive(Options& options, Value value) {
  if (value == "0") {
    options.keepalive.reset();
    return {};
  }
  options.keepalive = std::chrono::duration_cast<std::chrono::milliseconds>(TRY(parse_seconds(value)));
  return {};
}

Result<> take_format(Options& options, Value value) {
  if (value != "text" && value != "json") return fail(Errc::kUsage, fmt::format("'{}' is not text or json", value));
  options.output.format = value == "json" ? Format::kJson : Format::kText;
  return {};
}

Result<> take_record(Options& options, Value value) {
  if (value.empty()) return fail(Errc::kUsage, "the value is empty");
  if (value == "-") return fail(Errc::kUsage, "- is no file; --format=json prints the same on standard output");
  options.output.record_file = value;
  return {};
}

Result<> take_top(Options& options, Value value) {
  options.output.answers.top = TRY(parse_int<unsigned>(value, 1, 1'000'000));
  return {};
}

Result<> take_live(Options& options, Value value) {
  if (value.empty()) {
    options.output.answers.live = std::chrono::seconds(1);
    return {};
  }
  const auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(TRY(parse_seconds(value)));
  if (interval < kLiveMin) return fail(Errc::kUsage, fmt::format("'{}' is less than 0.1 seconds", value));
  options.output.answers.live = interval;
  return {};
}

template <bool kWithVariables>
Result<> take_pattern(Options& options, Value value) {
  JobOptions& job = options.job;
  if (value.empty()) return fail(Errc::kUsage, "the pattern is empty");
  if (value.front() == '-') return fail(Errc::kUsage, fmt::format("'{}' is an option, not a pattern of probes", value));
  if (job.lists()) return fail(Errc::kUsage, "only one pattern can be given");
  if (job.script_kind == ScriptKind::kText) return fail(Errc::kUsage, "it lists probes, and runs no script of -e");
  job.script_kind = ScriptKind::kPattern;
  job.script = value;
  job.lists_variables = kWithVariables;
  return {};
}

constexpr std::array kClientOptions{
    ClientOption{"inventory", "FILE", OptionGroup::kTargets, "the hosts of an inventory of ansible's (repeatable)",
                 add_filled<&Options::targets, &TargetOptions::inventories>},
    ClientOption{"limit", "PATTERN", OptionGroup::kTargets, "of the inventories only these, as with ansible --limit",
                 take_program<&Options::targets, &TargetOptions::limit>},
    ClientOption{"exclude", "SET", OptionGroup::kTargets, "leave these targets out (repeatable)",
                 add_filled<&Options::targets, &TargetOptions::excludes>},
    ClientOption{"selector", "LABELS", OptionGroup::kTargets, "of nats://SITE/* only hosts with these: role=db,dc!=fra",
                 take_program<&Options::targets, &TargetOptions::selector>},
    ClientOption{"pick", "N", OptionGroup::kTargets, "only N of the targets, at random", take_pick},
    ClientOption{"list-hosts", "", OptionGroup::kTargets, "print the targets' names, one a line, and do nothing else",
                 set_action<Action::kListHosts>},
    ClientOption{"together", "", OptionGroup::kTargets, "start all at one moment, when every target is ready or failed",
                 take_flag<&Options::together>},
    ClientOption{"all-or-nothing", "", OptionGroup::kTargets, "start nothing if any target fails before the start",
                 take_flag<&Options::all_or_nothing>},
    ClientOption{"dry-run", "", OptionGroup::kTargets, "connect, check and build, say what would run, start nothing",
                 take_flag<&Options::dry_run>},
    ClientOption{"halt", "RULE", OptionGroup::kTargets, "now,fail=N[%]: stop all when N failed; soon: start no more",
                 [](Options& options, Value value) -> Result<> {
                   options.halt = TRY(parse_halt(value));
                   return {};
                 }},
    ClientOption{"canary", "N[,SECONDS]", OptionGroup::kTargets,
                 "first N alone; the rest when these ended well or run for SECONDS",
                 [](Options& options, Value value) -> Result<> {
                   options.canary = TRY(parse_canary(value));
                   return {};
                 }},
    ClientOption{"fanout", "N", OptionGroup::kTargets, "connect to at most N targets at once (32; 1024 of nats:)",
                 take_fanout},
    ClientOption{"retries", "N", OptionGroup::kTargets,
                 "try each target again N times if connecting fails (6 if sshd is full)", take_retries},
    ClientOption{"label", "", OptionGroup::kOutput, "each line begins with its target's name", take_label},
    ClientOption{"line-buffer", "", OptionGroup::kOutput, "lines of several targets at once, blocks may be mixed",
                 take_flag<&Options::output, &OutputOptions::line_buffer>},
    ClientOption{"gather", "", OptionGroup::kOutput, "equal output once, at the end, under folded names",
                 take_flag<&Options::output, &OutputOptions::gather>},
    ClientOption{"diff", "", OptionGroup::kOutput, "how output differs from the largest group's, under folded names",
                 take_flag<&Options::output, &OutputOptions::diff>},
    ClientOption{"sum", "", OptionGroup::kOutput, "one answer of all targets: their maps and histograms added up",
                 take_flag<&Options::output, &OutputOptions::answers, &AnswerRequest::sum>},
    ClientOption{"top", "N", OptionGroup::kOutput, "as --sum, and of each map only the N largest keys", take_top},
    ClientOption{"report", "FILE", OptionGroup::kOutput,
                 "as --sum, and an HTML page: outcomes, maps, heat maps, flame graphs",
                 take_program<&Options::output, &OutputOptions::answers, &AnswerRequest::report_file>},
    ClientOption{"folded", "FILE", OptionGroup::kOutput, "as --sum, and stacks for flamegraph.pl and speedscope",
                 take_program<&Options::output, &OutputOptions::answers, &AnswerRequest::folded_file>},
    ClientOption{"metrics", "FILE", OptionGroup::kOutput, "as --sum, and maps as metrics for Prometheus",
                 take_program<&Options::output, &OutputOptions::answers, &AnswerRequest::metrics_file>},
    ClientOption{"by-host", "", OptionGroup::kOutput,
                 "as --sum, and below each answer a row a host: bars or a heat map",
                 take_flag<&Options::output, &OutputOptions::answers, &AnswerRequest::by_host>},
    ClientOption{"live", "[=SECONDS]", OptionGroup::kOutput,
                 "as --sum, and shown while it runs, anew each SECONDS (1); q quits", take_live},
    ClientOption{"exact-avg", "", OptionGroup::kOutput,
                 "as --sum, and avg() runs as stats(), which has the average of all",
                 take_flag<&Options::output, &OutputOptions::answers, &AnswerRequest::exact_avg>},
    ClientOption{"outdir", "DIR", OptionGroup::kOutput, "each target's standard output also goes to DIR/NAME",
                 take_program<&Options::output, &OutputOptions::outdir>},
    ClientOption{"errdir", "DIR", OptionGroup::kOutput, "each target's standard error also goes to DIR/NAME",
                 take_program<&Options::output, &OutputOptions::errdir>},
    ClientOption{"joblog", "FILE", OptionGroup::kOutput, "write a row to FILE for each target that ends",
                 take_program<&Options::output, &OutputOptions::joblog>},
    ClientOption{"resume-failed", "", OptionGroup::kTargets,
                 "run on those alone that failed or never started, as --joblog says",
                 take_flag<&Options::output, &OutputOptions::resume_failed>},
    ClientOption{"maxrc", "", OptionGroup::kOutput, "the exit status is the largest of the targets, not the first",
                 take_flag<&Options::largest_code>},
    ClientOption{"format", "text|json", OptionGroup::kOutput, "json: print all that happens, one event a line (text)",
                 take_format},
    ClientOption{"record", "FILE", OptionGroup::kOutput,
                 "keep all that happens in FILE, for rstap replay; FILE.zst: compressed", take_record},
    ClientOption{"raw", "", OptionGroup::kOutput, "send a terminal what targets say as it is, control characters too",
                 take_flag<&Options::output, &OutputOptions::raw>},
    ClientOption{"quiet", "", OptionGroup::kOutput, "no summary at the end; what failed is still said",
                 take_flag<&Options::output, &OutputOptions::quiet>},
    ClientOption{"progress", "WHEN", OptionGroup::kOutput,
                 "a status line below the output: always, never, or on a terminal (auto)", take_progress},
    ClientOption{"timestamps", "[=iso|delta]", OptionGroup::kOutput,
                 "a time before each line: its machine's, or seconds since the start", take_timestamps},
    ClientOption{"by-time", "[=SECONDS]", OptionGroup::kOutput,
                 "lines in order of their times; each waits SECONDS for older ones (1)", take_by_time},
    ClientOption{"connect-timeout", "SECONDS", OptionGroup::kTime,
                 "give up a target that has not said hello after SECONDS (30)",
                 take_seconds<&Options::connect_timeout>},
    ClientOption{"keepalive", "SECONDS", OptionGroup::kTime,
                 "both ends notice a silent connection within SECONDS (60); 0: never", take_keepalive},
    ClientOption{"deadline", "SECONDS", OptionGroup::kTime, "stop each target SECONDS after its probes are attached",
                 take_seconds<&Options::deadline>},
    ClientOption{"grace", "SECONDS", OptionGroup::kTime, "what each step of a stop may take without progress (5)",
                 take_seconds<&Options::grace>},
    ClientOption{"stop-limit", "SECONDS", OptionGroup::kTime,
                 "what all of a stop may take, also where a runner still works (600)",
                 take_seconds<&Options::stop_limit>},
    ClientOption{"stap", "PATH", OptionGroup::kTransport, "the stap that builds (stap)",
                 take_program<&Options::stap_program>},
    ClientOption{"build-on", "HOST", OptionGroup::kTransport,
                 "build there, by ssh, with its kernel headers; nothing is left there",
                 take_program<&Options::build_on>},
    ClientOption{"stapsh", "PATH", OptionGroup::kTransport, "the agent on ssh targets and for stapsh: (searched for)",
                 take_program<&Options::reach, &ReachOptions::stapsh_program>},
    ClientOption{"bootstrap", "[=keep|remove]", OptionGroup::kTransport,
                 "bring an agent to ssh and exec targets that have none (remove)", take_bootstrap},
    ClientOption{"keep-modules", "", OptionGroup::kTransport,
                 "what is sent stays on targets for the next run, and is not sent again",
                 take_flag<&Options::reach, &ReachOptions::keep_modules>},
    ClientOption{"become", "[=USER]", OptionGroup::kTransport,
                 "sudo starts the agent as USER on ssh and exec targets (root)", take_become},
    ClientOption{"ask-become-pass", "", OptionGroup::kTransport,
                 "ask once for the password that sudo wants there; --become is implied", take_ask_become_pass},
    ClientOption{"ssh", "COMMAND", OptionGroup::kTransport, "the program that connects, without arguments (ssh)",
                 take_program<&Options::reach, &ReachOptions::ssh_command>},
    ClientOption{"ssh-option", "OPTION", OptionGroup::kTransport, "hand `-o OPTION` to ssh (repeatable)",
                 [](Options& options, Value value) -> Result<> {
                   options.reach.ssh_options.push_back(value);
                   return {};
                 }},
    ClientOption{"batch", "", OptionGroup::kTransport, "ask nothing: no password, no new host's key (ssh's BatchMode)",
                 take_flag<&Options::reach, &ReachOptions::batch>},
    ClientOption{"sign-key", "KEY", OptionGroup::kTransport,
                 "sign runs with KEY where a policy has operator= (ssh-keygen -f KEY)",
                 take_program<&Options::sign_key>},
    ClientOption{"allow-owner", "USER", OptionGroup::kTransport,
                 "the agent at unix:PATH may be USER's, not just yours or root's",
                 [](Options& options, Value value) -> Result<> {
                   if (value.empty()) return fail(Errc::kUsage, "the value is empty");
                   options.reach.allowed_owners.push_back(value);
                   return {};
                 }},
    ClientOption{"nats", "SITE.KEY=VALUE", OptionGroup::kTransport,
                 "how a site's broker is reached, as [nats.SITE] has it (repeatable)",
                 [](Options& options, Value value) { return take_nats_setting(options.reach.nats, value); }},
    ClientOption{"dialect", "released|rfc", OptionGroup::kTransport,
                 "released, or rfc for agents older than systemtap 1.5 (released)", take_dialect},
    ClientOption{"stap-arg", "WORD", OptionGroup::kWords, "hand WORD to stap when it builds (repeatable)",
                 add_word<&Options::job, &JobOptions::build_words>},
    ClientOption{"runner-arg", "WORD", OptionGroup::kWords,
                 "hand WORD to staprun, stapbpf, stapdyn or bpftrace (repeatable)",
                 add_word<&Options::job, &JobOptions::runner_words>},
    ClientOption{"env", "NAME=VALUE", OptionGroup::kWords,
                 "set NAME in the runner's environment: bpftrace's own (repeatable)", take_variable},
    ClientOption{"list-probes", "PATTERN", OptionGroup::kOther,
                 "list the probes that PATTERN matches on the targets, and run nothing", take_pattern<false>, 'l'},
    ClientOption{"list-variables", "PATTERN", OptionGroup::kOther,
                 "the same, with the variables or arguments of each probe", take_pattern<true>, 'L'},
    ClientOption{"config", "FILE", OptionGroup::kOther,
                 "the configuration (~/.config/rstap/config.toml); --no-config: none", take_nothing},
    ClientOption{"help", "", OptionGroup::kOther, "print this", set_action<Action::kShowHelp>, 'h'},
    ClientOption{"version", "", OptionGroup::kOther, "print the version", set_action<Action::kShowVersion>, 'V'},
};

constexpr std::array kRefusedOptions{
    RefusedOption{'\0', "dump-probe-types", "rstap runs scripts; to list types of probes, use stap --dump-probe-types"},
    RefusedOption{'\0', "dump-probe-aliases", "rstap runs scripts; to list aliases, use stap --dump-probe-aliases"},
    RefusedOption{'\0', "dump-functions", "rstap runs scripts; to list functions, use stap --dump-functions"},
    RefusedOption{'i', "interactive", "rstap has no interactive mode; use stap -i"},
    RefusedOption{'\0', "language-server", "rstap runs scripts; an editor is served by stap --language-server"},
    RefusedOption{'F', "", "flight recorder mode leaves modules behind on the targets; rstap never does"},
    RefusedOption{'a', "", "each target says what its machine is, and is built for"},
    RefusedOption{'\0', "monitor",
                  "its window needs the terminal and the module on one machine; print at intervals in the script, or "
                  "use --live with a bpftrace program"},
    RefusedOption{'\0', "example",
                  "give the path of the script; the examples are in the folder that stappaths(7) names"},
    RefusedOption{'\0', "tmpdir", "each build has a folder of its own; TMPDIR=DIR says where, and -k keeps it"},
    RefusedOption{'\0', "save-uprobes",
                  "kernels since 3.5 have uprobes built in; for older ones, use stap -p4 --save-uprobes"},
    RefusedOption{'\0', "clean-cache", "rstap runs scripts; to tidy the cache, use stap --clean-cache"},
    RefusedOption{'\0', "list-servers", "rstap runs scripts; to list compile servers, use stap --list-servers"},
    RefusedOption{'\0', "trust-servers", "trust is granted once, not for a run; use stap --trust-servers"},
    RefusedOption{'\0', "build-as",
                  "the build is done by who runs rstap: run it as that user, and name targets as root@HOST"},
};

}  // namespace

std::span<const ClientOption> client_option_table() { return kClientOptions; }

std::span<const RefusedOption> refused_option_table() { return kRefusedOptions; }

Result<> set_labels(RstapOptions& options, LabelMode labels) {
  if (options.output.labels != LabelMode::kNone && options.output.labels != labels) {
    return fail(Errc::kUsage, "--label and --remote-prefix exclude each other");
  }
  options.output.labels = labels;
  return {};
}

}  // namespace stapsh::client
