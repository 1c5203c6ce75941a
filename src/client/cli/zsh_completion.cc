// SPDX-License-Identifier: Apache-2.0
// Source: zshcompsys(1), _arguments.
#include "client/cli/zsh_completion.h"

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/known_option.h"
#include "client/cli/option_value.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kZshTail = R"ZSH(
  '1: :_rstap_first'
  '*:argument:_rstap_rest'
)

_rstap_first() {
  local -a first=($rstap_commands)
  _describe -t commands command first
  _files
}

_rstap_rest() {
  if [[ $words[2] == completion ]]; then
    compadd bash fish zsh
  else
    _files
  fi
}

_rstap_targets() {
  if [[ $PREFIX == @* ]]; then
    compset -P '@'
    _files
  else
    _ssh_hosts
  fi
}

_arguments -s -S $rstap_options
)ZSH";

// Within '…' of the shell, and within a specification, where ':' and brackets mean something.
std::string zsh_quoted(std::string_view text) {
  std::string out;
  for (const char each : text) {
    if (each == '\'') {
      out += "'\\''";
      continue;
    }
    if (each == ':' || each == '[' || each == ']' || each == '\\') out += '\\';
    out += each;
  }
  return out;
}

std::string zsh_action(const OptionValue& value) {
  switch (value.kind) {
    case ValueKind::kChoice:
      return fmt::format("({})", fmt::join(value.choices, " "));
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kFolder:
      return "_files -/";
    case ValueKind::kProgram:
      return "_command_names -e";
    case ValueKind::kUser:
      return "_users";
    case ValueKind::kTarget:
      return "_rstap_targets";
    case ValueKind::kNone:
    case ValueKind::kOther:
      break;
  }
  return " ";
}

std::string specification(std::string_view spelling, std::string_view how, const KnownOption& option) {
  const OptionValue value = describe_value(option.value());
  std::string text = fmt::format("  '*{}{}[{}]", spelling, how, zsh_quoted(option.help()));
  if (value.kind != ValueKind::kNone) {
    text += fmt::format("{}{}:{}", value.may_be_left_out ? "::" : ":", zsh_quoted(value.name), zsh_action(value));
  }
  return text + "'\n";
}

}  // namespace

std::string zsh_completion() {
  std::string text =
      "#compdef rstap\n# zsh completion for rstap, made by `rstap completion zsh`.\n\nlocal -a rstap_commands=(\n";
  for (const CommandEntry& command : command_table()) {
    text += fmt::format("  '{}:{}'\n", command.name, zsh_quoted(command.help));
  }
  text += ")\nlocal -a rstap_options=(\n";
  for (const KnownOption& option : known_options()) {
    const OptionValue value = describe_value(option.value());
    const bool takes = value.kind != ValueKind::kNone;
    if (option.short_name() != '\0') {
      text += specification(fmt::format("-{}", option.short_name()), takes ? "+" : "", option);
    }
    if (!option.long_name().empty()) {
      const std::string_view how = !takes ? "" : value.may_be_left_out ? "=-" : "=";
      text += specification(fmt::format("--{}", option.long_name()), how, option);
    }
  }
  text.pop_back();
  return text + std::string(kZshTail);
}

}  // namespace stapsh::client
