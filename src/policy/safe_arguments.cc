// SPDX-License-Identifier: Apache-2.0
#include "policy/safe_arguments.h"

#include <algorithm>
#include <string_view>

#include "base/shown_text.h"
#include "policy/argument_table.h"

namespace stapsh::policy {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLowerCase = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::size_t kNumberDigitsMax = 10;
constexpr std::size_t kWordBytesMax = 16;

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

std::string quoted(std::string_view word) { return "'" + shown_text(word, 60) + "'"; }

bool has_form(ArgumentEntry::Value form, std::string_view value) {
  switch (form) {
    case ArgumentEntry::Value::kNone:
      return false;
    case ArgumentEntry::Value::kNumber:
      return consists_of(value, kDigits) && value.size() <= kNumberDigitsMax;
    case ArgumentEntry::Value::kWord:
      return consists_of(value, kLowerCase) && value.size() <= kWordBytesMax;
    case ArgumentEntry::Value::kIndexAndUri: {
      const std::size_t colon = value.find(':');
      return colon != std::string_view::npos && consists_of(value.substr(0, colon), kDigits);
    }
    case ArgumentEntry::Value::kAny:
      return true;
  }
  return false;
}

// A runner puts parameters one behind the other, and the kernel takes them apart at blanks outside quotes.
bool may_hold_several(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '"' || c == '\'' || c == '\\';
  });
}

// NAME=VALUE, as a module has parameters. Those that begin with `_` are its runtime's own.
bool is_module_parameter(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals != std::string_view::npos && kLetters.find(word[0]) != std::string_view::npos &&
         word.substr(0, equals).find_first_not_of(std::string(kLetters) + std::string(kDigits) + "_") ==
             std::string_view::npos;
}

class Words {
 public:
  Words(RunnerKind runner, std::span<const std::string> args, std::span<const std::string> files, bool with_command)
      : runner_(runner), args_(args), files_(files), with_command_(with_command) {}

  std::string why_not() {
    for (next_ = 0; next_ < args_.size();) {
      const std::string_view word = args_[next_++];
      std::string why;
      if (word == "-" || word == "--") {
        why = quoted(word) + " is no option that is known to be safe";
      } else if (word.starts_with("--")) {
        why = long_option(word);
      } else if (word.starts_with('-')) {
        why = short_options(word);
      } else {
        why = operand(word);
      }
      if (!why.empty()) return why;
    }
    return has_program_ ? std::string() : "no program is named that was sent";
  }

 private:
  [[nodiscard]] bool may(const ArgumentEntry& entry) const {
    return entry.danger.empty() || (entry.is_command && with_command_);
  }

  // Only the whole name; no option that is safe takes a value behind `=`.
  [[nodiscard]] std::string long_option(std::string_view word) const {
    const std::string_view name =
        word.substr(2, word.find('=') == std::string_view::npos ? word.npos : word.find('=') - 2);
    const ArgumentEntry* const entry = find_argument(runner_, name);
    if (entry && !may(*entry)) return "--" + std::string(name) + " " + std::string(entry->danger);
    if (!entry || entry->value != ArgumentEntry::Value::kNone || name.size() + 2 != word.size()) {
      return quoted(word) + " is no option that is known to be safe";
    }
    return {};
  }

  // `-v`, `-vvw`, `-x42`, `-vx 42`.
  std::string short_options(std::string_view word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string option = "-" + std::string(1, word[i]);
      const ArgumentEntry* const entry = find_argument(runner_, word[i]);
      if (!entry) return quoted(word) + ": " + quoted(option) + " is no option that is known to be safe";
      if (!may(*entry)) return option + " " + std::string(entry->danger);
      if (entry->value == ArgumentEntry::Value::kNone) continue;
      const std::string_view rest = word.substr(i + 1);
      if (rest.empty() && next_ == args_.size()) return option + " lacks its value";
      const std::string_view value = rest.empty() ? std::string_view(args_[next_++]) : rest;
      if (!has_form(entry->value, value)) return option + " has no value like " + quoted(value);
      return {};
    }
    return {};
  }

  std::string operand(std::string_view word) {
    if (!has_program_) {
      has_program_ = word.starts_with("./") && std::ranges::find(files_, word.substr(2)) != files_.end();
      return has_program_ ? std::string() : "the program " + quoted(word) + " is not ./NAME of a file that was sent";
    }
    switch (runner_) {
      case RunnerKind::kStapbpf:
        return quoted(word) + ": stapbpf takes one program and nothing behind it";
      case RunnerKind::kBpftrace:
        return word.find('/') == std::string_view::npos ? std::string() : quoted(word) + " is a path";
      case RunnerKind::kStaprun:
      case RunnerKind::kStapdyn:
        if (!is_module_parameter(word)) return quoted(word) + " is no NAME=VALUE of a module";
        if (may_hold_several(word)) return quoted(word) + " has a blank, a quote or a backslash";
        return word.find('/') == std::string_view::npos ? std::string() : quoted(word) + " has a path";
    }
    return quoted(word);
  }

  RunnerKind runner_;
  std::span<const std::string> args_, files_;
  bool with_command_;
  std::size_t next_ = 0;
  bool has_program_ = false;
};

}  // namespace

std::string why_not_safe(RunnerKind runner, std::span<const std::string> args, std::span<const std::string> files,
                         bool with_command) {
  return Words(runner, args, files, with_command).why_not();
}

}  // namespace stapsh::policy
