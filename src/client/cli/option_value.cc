// SPDX-License-Identifier: Apache-2.0
#include "client/cli/option_value.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace stapsh::client {
namespace {

struct NamedValue {
  std::string_view name;
  ValueKind kind;
  std::string_view choices = {};
};

constexpr std::array kNamedValues{
    NamedValue{"FILE", ValueKind::kFile},
    NamedValue{"PATH", ValueKind::kFile},
    NamedValue{"OBJECT", ValueKind::kFile},
    NamedValue{"DIR", ValueKind::kFolder},
    NamedValue{"COMMAND", ValueKind::kProgram},
    NamedValue{"CMD", ValueKind::kProgram},
    NamedValue{"USER", ValueKind::kUser},
    NamedValue{"TARGET", ValueKind::kTarget},
    NamedValue{"SET", ValueKind::kTarget},
    NamedValue{"WHEN", ValueKind::kChoice, "auto|always|never"},
    NamedValue{"LEVEL", ValueKind::kChoice, "stapusr|stapsys|stapdev"},
    NamedValue{"MODE", ValueKind::kChoice, "kernel|bpf|dyninst|bpftrace"},
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t bar = text.find('|');
    parts.push_back(text.substr(0, bar));
    if (bar == std::string_view::npos) return parts;
    text.remove_prefix(bar + 1);
  }
}

// "text|json" is a list of words; "N|N%" is not.
bool is_choice(std::string_view name) {
  const auto fits = [](unsigned char each) { return std::islower(each) != 0 || each == '|' || each == '-'; };
  return name.find('|') != std::string_view::npos && std::ranges::all_of(name, fits);
}

}  // namespace

OptionValue describe_value(std::string_view value) {
  OptionValue described;
  if (value.empty()) return described;
  described.may_be_left_out = value.starts_with("[=") && value.ends_with(']');
  described.name = described.may_be_left_out ? value.substr(2, value.size() - 3) : value;
  described.kind = ValueKind::kOther;
  std::string_view choices = is_choice(described.name) ? described.name : std::string_view();
  for (const NamedValue& named : kNamedValues) {
    if (named.name != described.name) continue;
    described.kind = named.kind;
    choices = named.choices;
  }
  if (choices.empty()) return described;
  described.kind = ValueKind::kChoice;
  described.choices = split(choices);
  return described;
}

}  // namespace stapsh::client
