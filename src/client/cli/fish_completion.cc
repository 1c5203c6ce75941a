// SPDX-License-Identifier: Apache-2.0
#include "client/cli/fish_completion.h"

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/known_option.h"
#include "client/cli/option_value.h"

namespace stapsh::client {
namespace {

// @FILE is a list of targets.
constexpr std::string_view kFishHead = R"FISH(# fish completion for rstap, made by `rstap completion fish`.

function __rstap_targets
    set -l token (commandline -ct | string replace -r '^--[a-z]*=' '')
    if string match -q '@*' -- $token
        set -l files (string sub -s 2 -- $token)*
        string replace -r '^' @ -- $files
    else
        __fish_print_hostnames
    end
end

)FISH";

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char each : text) {
    if (each == '\'' || each == '\\') out += '\\';
    out += each;
  }
  return out + "'";
}

// -x: a value and no file; -r -F: a value, files among others.
std::string fish_action(const OptionValue& value) {
  const std::string_view needs = value.may_be_left_out ? "-f" : "-x";
  switch (value.kind) {
    case ValueKind::kChoice:
      return fmt::format(" {} -a '{}'", needs, fmt::join(value.choices, " "));
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kFolder:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::kProgram:
      return " -x -a '(__fish_complete_command)'";
    case ValueKind::kUser:
      return " -x -a '(__fish_complete_users)'";
    case ValueKind::kTarget:
      return " -x -a '(__rstap_targets)'";
    case ValueKind::kOther:
      return fmt::format(" {}", needs);
    case ValueKind::kNone:
      break;
  }
  return "";
}

}  // namespace

std::string fish_completion() {
  std::string text(kFishHead);
  for (const CommandEntry& command : command_table()) {
    text += fmt::format("complete -c rstap -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        fish_quoted(command.help));
  }
  text += "complete -c rstap -n '__fish_seen_subcommand_from completion' -f -a 'bash fish zsh'\n";
  for (const KnownOption& option : known_options()) {
    text += "complete -c rstap";
    if (option.short_name() != '\0') text += fmt::format(" -s {}", option.short_name());
    if (!option.long_name().empty()) text += fmt::format(" -l {}", option.long_name());
    text += fmt::format("{} -d {}\n", fish_action(describe_value(option.value())), fish_quoted(option.help()));
  }
  return text;
}

}  // namespace stapsh::client
