// SPDX-License-Identifier: Apache-2.0
// The text of --help, from the tables of options.
#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

#include "client/cli/client_option_table.h"
#include "client/cli/command_line.h"
#include "client/options/option_table.h"
#include "protocol/limits.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kHead =
    R"(rstap: run one systemtap or bpftrace script on many machines, and merge what it says

Usage: rstap [OPTIONS] --remote TARGET [--remote TARGET ...] FILE [ARGUMENTS]
       rstap [OPTIONS] --remote TARGET ... -e SCRIPT [ARGUMENTS]
       rstap [OPTIONS] --remote TARGET ... - [ARGUMENTS]
       rstap [OPTIONS] --remote TARGET ... -l PATTERN
       rstap [OPTIONS] --remote TARGET ... doctor [FILE [ARGUMENTS]]
       rstap [OPTIONS] --remote TARGET ... sweep
       rstap replay FILE [OUTPUT OPTIONS]
       rstap fleet COMMAND ...
       rstap guest COMMAND ...
       rstap completion bash|zsh|fish

FILE is a systemtap script, which is built once for each kernel among the targets, or a module that
is built already (.ko .bo .so), or a bpftrace program (.bt, or any FILE with --bpftrace); `-` reads
a script from standard input.
Options may stand anywhere before `--`; arguments that begin with '-' stand behind it. `--no-NAME`
takes back each --NAME before it.
Without --remote it runs here, as stap does. `doctor` runs nothing: it says for each target
whether a run would work, and what mends it. `sweep` runs nothing: it ends and removes what dead
sessions of yours left on the targets. (Scripts of those names are ./doctor, ./sweep.) `replay`
shows a run that --record kept, as if it ran. `guest` is about the domains of libvirt and their
ports, `fleet` about hosts behind a broker: see rstap replay --help, rstap guest --help, rstap
fleet --help.
)";

constexpr std::string_view kTargetForms = R"(
Forms of TARGET:
  HOST  USER@HOST  HOST:PORT    over your own ssh, with its configuration and keys
  ssh://USER@HOST:PORT          the same
  unix:PATH                     an agent that listens on a socket
  vsock:CID:PORT                an agent that listens in a guest of this machine, without a network
  libvirt://DOMAIN[/URI]        a domain of libvirt, over a port of it; URI as qemu:///system
  nats://SITE/HOST              a host that dials out to a site's broker; nats://SITE/*: all
  stapsh:                       an agent started here
  direct:                       here, without an agent
  exec:COMMAND                  what reaches an agent: exec:kubectl exec -i POD -- stapsh
  web[01-40,50]                 a set of hosts, in any form with a HOST
  SET=exec:COMMAND              the same for each of a set, its name for {host} in COMMAND
  @FILE                         a list: a TARGET on each line, # comments; exec: ones are run here
  @GROUP                        a group: of the configuration, nodeset, or /etc/dsh/group
  SET!SET  SET&SET  SET^SET     without the second; what both have; what one has; from left to right
)";

constexpr std::string_view kEnd = R"(
Ctrl-C: the first stops every target gracefully (end probes run, their output comes), the second
presses harder, the third gives up waiting. SIGUSR1 prints what each target is doing.

Exit status: 0 if all succeeded, else the first failure's in the order of the targets: the runner's
own, 1 for a target that failed, 128+N if signal N stopped it before it ran; 2: wrong command line.
See rstap(1).
)";

constexpr std::string_view kExamples = R"(
Examples:
  rstap --remote web1 --remote root@web2 --label -e 'probe begin { println("hello") exit() }'
  rstap --remote 'web[01-40]' --remote-prefix --fanout 16 iotop.stp
  rstap --remote '@web!web03' --exclude @drained --pick 5 --label opensnoop.bt
  rstap --remote @fleet.txt --together --deadline 60 -G threshold=10 slow.stp eth0
  rstap --remote stapsh: --bpf -x 4711 trace.stp
  rstap --remote ssh://root@db:2222 opensnoop.bt
  rstap --remote web1 --bpftrace -e 'tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }'
  rstap --remote libvirt://vm1/qemu:///system iotop.stp
  rstap --remote 'web[01-40]' --record=run.zst iotop.stp; rstap replay run.zst --label
  rstap --remote 'web[01-40]' -l 'tracepoint:sched:*'
  rstap --remote web1 -c 'sleep 5' probes.stp -- --not-an-option
)";

void add_line(std::string& text, std::string_view left, std::string_view help) {
  // Two blanks at least: they tell where the help begins.
  fmt::format_to(std::back_inserter(text), "  {:<28}{}\n", fmt::format("{}  ", left), help);
}

std::string left_side(const OptionEntry& entry) {
  if (entry.id == OptionId::kColor) return "-C WHEN, --color[=WHEN]";
  std::string spelling = entry.spelling();
  if (entry.short_name != '\0' && !entry.long_name.empty()) spelling += fmt::format(", --{}", entry.long_name);
  if (!entry.takes_value()) return spelling;
  const std::string_view between = spelling.size() == 2 ? " " : entry.value.starts_with('[') ? "" : "=";
  return fmt::format("{}{}{}", spelling, between, entry.value);
}

// Of an option that is another one to bpftrace.
std::string bpftrace_side(const OptionEntry& entry) {
  return entry.takes_value() ? fmt::format("{} {}", entry.spelling(), entry.bpftrace_value) : entry.spelling();
}

std::string left_side(const ClientOption& entry) {
  const std::string_view equals = entry.value.empty() || entry.value.starts_with('[') ? "" : "=";
  const std::string letter = entry.short_name == '\0' ? "" : fmt::format("-{}, ", entry.short_name);
  return fmt::format("{}--{}{}{}", letter, entry.long_name, equals, entry.value);
}

void add_client_options(std::string& text, OptionGroup group) {
  for (const ClientOption& entry : client_option_table()) {
    if (entry.group != group) continue;
    add_line(text, left_side(entry), entry.help);
  }
}

}  // namespace

std::string rstap_help() {
  std::string text(kHead);
  text += "\nTargets:\n";
  const auto add_stap_option = [&](OptionId id) { add_line(text, left_side(option_entry(id)), option_entry(id).help); };
  add_stap_option(OptionId::kRemote);
  add_client_options(text, OptionGroup::kTargets);
  text += kTargetForms;
  text += "\nThe script and its run, as stap has them:\n";
  const auto add_run_options = [&](bool bpftraces) {
    for (const OptionEntry& entry : option_table()) {
      // The rows from here on.
      if (entry.id == OptionId::kAddedScript && !bpftraces) text += "\nHow the script is built, as stap has it:\n";
      const bool is_target = entry.id == OptionId::kRemote || entry.id == OptionId::kRemotePrefix;
      if (!is_target && entry.is_bpftraces() == bpftraces) add_stap_option(entry.id);
      if (bpftraces && !entry.bpftrace_help.empty()) add_line(text, bpftrace_side(entry), entry.bpftrace_help);
    }
  };
  add_run_options(false);
  text += "\nOf a bpftrace program, as bpftrace has them:\n";
  add_run_options(true);
  constexpr std::array kGroups{
      std::pair{OptionGroup::kWords, "Handing words on:"}, std::pair{OptionGroup::kTime, "Time:"},
      std::pair{OptionGroup::kTransport, "Programs and protocol:"}, std::pair{OptionGroup::kOther, "Other:"}};
  text += "\nOutput:\n";
  add_stap_option(OptionId::kRemotePrefix);
  add_client_options(text, OptionGroup::kOutput);
  for (const auto& [group, title] : kGroups) {
    fmt::format_to(std::back_inserter(text), "\n{}\n", title);
    add_client_options(text, group);
  }
  text += "\nLimits (defaults in parentheses):\n";
  for (const LimitEntry& entry : kLimitTable) {
    add_line(text, fmt::format("--{}=N", entry.name), fmt::format("{} ({})", entry.meaning, Limits{}.*entry.value));
  }
  text += kExamples;
  text += kEnd;
  return text;
}

}  // namespace stapsh::client
