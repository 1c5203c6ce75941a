// SPDX-License-Identifier: Apache-2.0
// Works with the package bash-completion and without it: of that, only the names of hosts are taken.
#include "client/cli/bash_completion.h"

#include <fmt/format.h>

#include <map>

#include "client/cli/commands.h"
#include "client/cli/known_option.h"
#include "client/cli/option_value.h"

namespace stapsh::client {
namespace {

// bash cuts words at '=', '@' and ':'.
constexpr std::string_view kBashHead = R"BASH(# bash completion for rstap, made by `rstap completion bash`.

_rstap_hosts() {
  if declare -F _known_hosts_real > /dev/null; then
    _known_hosts_real -a -- "$cur"
  else
    mapfile -t COMPREPLY < <(compgen -A hostname -W "$(
      sed -nE 's/^[[:space:]]*[Hh]ost[[:space:]]+//p' ~/.ssh/config 2> /dev/null | tr ' ' '\n' | grep -v '[*?!]'
    )" -- "$cur")
  fi
}

_rstap_files() {
  compopt -o filenames 2> /dev/null
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$1" -- "$cur")
}

_rstap() {
  COMPREPLY=()
  local cur=${COMP_WORDS[COMP_CWORD]} option='' word
  local -i at=COMP_CWORD-1
  local before=${COMP_WORDS[at]}
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $word == -- ]]; then
      _rstap_files -f
      return
    fi
  done
  if [[ $cur == = ]]; then
    option=$before cur=''
  elif [[ $before == = ]]; then
    option=${COMP_WORDS[at - 1]}
  elif [[ $before == @ || $cur == @ ]]; then
    if [[ $cur == @ ]]; then cur=''; fi
    _rstap_files -f
    return
  elif [[ $before == -* ]]; then
    case $before in
)BASH";

constexpr std::string_view kBashTail = R"BASH(  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2> /dev/null; fi
    return
  fi
  if [[ $before == completion ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'bash fish zsh' -- "$cur")
    return
  fi
  if ((COMP_CWORD == 1)); then mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur"); fi
  _rstap_files -f
}

complete -F _rstap rstap
)BASH";

std::string bash_action(const OptionValue& value) {
  switch (value.kind) {
    case ValueKind::kChoice:
      return fmt::format("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")", fmt::join(value.choices, " "));
    case ValueKind::kFile:
      return "_rstap_files -f";
    case ValueKind::kFolder:
      return "_rstap_files -d";
    case ValueKind::kProgram:
      return "_rstap_files -c";
    case ValueKind::kUser:
      return "mapfile -t COMPREPLY < <(compgen -u -- \"$cur\")";
    case ValueKind::kTarget:
      return "_rstap_hosts";
    case ValueKind::kNone:
    case ValueKind::kOther:
      break;
  }
  return ":";
}

}  // namespace

std::string bash_completion() {
  std::map<std::string, std::string> by_action;  // An action, and the options that want it: "--a|--b".
  std::string needing, options;
  for (const KnownOption& option : known_options()) {
    const OptionValue value = describe_value(option.value());
    std::string spellings;
    if (option.short_name() != '\0') spellings = fmt::format("-{}", option.short_name());
    if (!option.long_name().empty()) {
      spellings += fmt::format("{}--{}", spellings.empty() ? "" : "|", option.long_name());
      const bool wants_more = value.kind != ValueKind::kNone && !value.may_be_left_out;
      options += fmt::format(" --{}{}", option.long_name(), wants_more ? "=" : "");
    } else {
      options += fmt::format(" -{}", option.short_name());
    }
    if (value.kind == ValueKind::kNone) continue;
    std::string& those = by_action[bash_action(value)];
    those += (those.empty() ? "" : "|") + spellings;
    if (!value.may_be_left_out) needing += (needing.empty() ? "" : "|") + spellings;
  }
  std::string commands;
  for (const CommandEntry& command : command_table()) commands += fmt::format(" {}", command.name);
  std::string text(kBashHead);
  text += fmt::format("      {}) option=$before ;;\n    esac\n  fi\n  case $option in\n    '') ;;\n", needing);
  for (const auto& [what, those] : by_action) {
    text += fmt::format("    {})\n      {}\n      return\n      ;;\n", those, what);
  }
  text += fmt::format("  esac\n  local options='{}'\n  local commands='{}'\n", options.substr(1), commands.substr(1));
  return text + std::string(kBashTail);
}

}  // namespace stapsh::client
