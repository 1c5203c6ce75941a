// SPDX-License-Identifier: Apache-2.0
#include "client/report/stack_key.h"

#include <algorithm>
#include <array>

#include "base/trimmed.h"

namespace stapsh::client::report {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_hexadecimal(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kHexDigits) == std::string_view::npos;
}

std::string_view without_offset(std::string_view symbol) {
  const std::size_t plus = symbol.rfind('+');
  if (plus == std::string_view::npos || plus == 0) return symbol;
  std::string_view offset = symbol.substr(plus + 1);
  if (offset.starts_with("0x")) offset.remove_prefix(2);
  return is_hexadecimal(offset) ? symbol.substr(0, plus) : symbol;
}

// What a line of perf mode begins with: sixteen digits in the kernel, twelve as a rule outside. Only digits before a
// blank are sure; without one the address has as many digits as addresses of its kind have.
std::size_t address_digits(std::string_view line) {
  constexpr std::size_t kKernelDigits = 16, kUserDigits = 12;
  const std::size_t digits = std::min(line.find_first_not_of(kHexDigits), line.size());
  if (digits < line.size() && digits >= 4 && line[digits] == ' ') return digits;
  if (digits >= kKernelDigits && line.starts_with("ffff")) return kKernelDigits;
  const bool usual = line.starts_with("7f") || line.starts_with("55") || line.starts_with("56");
  return digits >= kUserDigits && usual && line.ends_with(')') ? kUserDigits : 0;
}

struct Line {
  Frame frame;
  std::optional<bool> in_kernel;  // Where its address says so.
};

Line read_line(std::string_view line) {
  Line read;
  if (const std::size_t digits = address_digits(line); digits != 0) {
    read.in_kernel = digits == 16 && line.starts_with("ffff");
    line = trimmed(line.substr(digits));
    if (const std::size_t open = line.rfind('('); line.ends_with(')') && open != std::string_view::npos) {
      const std::string_view file = line.substr(open + 1, line.size() - open - 2);
      const bool is_file = file.starts_with('/') || file.starts_with('[');
      if (is_file && file != "[unknown]") read.frame.module = file.substr(file.rfind('/') + 1);
      if (is_file) line = trimmed(line.substr(0, open));
    }
  }
  const std::string_view symbol = without_offset(line);
  const bool resolved = !symbol.empty() && !(symbol.starts_with("0x") && is_hexadecimal(symbol.substr(2)));
  if (resolved) {
    read.frame.name = symbol;
  } else {
    read.frame.kind = FrameKind::kUnresolved;
    read.frame.name = read.frame.module.empty() ? "[unknown]" : '[' + read.frame.module + ']';
  }
  return read;
}

// Where a kernel is entered, on x86 and ARM, and what its own threads begin with.
bool enters_kernel(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kNames{"do_syscall_64",         "entry_SYSCALL_64_after_hwframe",
                                                           "entry_SYSCALL_64",      "ret_from_fork",
                                                           "ret_from_fork_asm",     "kthread",
                                                           "cpu_startup_entry",     "start_kernel",
                                                           "el0t_64_sync",          "el1h_64_irq",
                                                           "ret_from_kernel_thread"};
  static constexpr std::array<std::string_view, 6> kPrefixes{"__x64_sys_",  "__arm64_sys_", "asm_exc_",
                                                             "asm_sysvec_", "asm_common_",  "secondary_startup_64"};
  return std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

struct OneStack {
  std::vector<Line> lines;  // As they stand: the innermost first.
  bool in_kernel = false;
};

OneStack read_stack(std::string_view text, std::optional<StackKind> kind) {
  OneStack stack;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const std::string_view line = trimmed(text.substr(0, end)); !line.empty()) {
      stack.lines.push_back(read_line(line));
      stack.in_kernel = stack.in_kernel || stack.lines.back().in_kernel.value_or(false) ||
                        enters_kernel(stack.lines.back().frame.name);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (kind) stack.in_kernel = *kind == StackKind::kKernel;
  return stack;
}

std::string with_newlines(std::string_view key) {
  std::string text;
  for (std::size_t at = 0; at < key.size(); ++at) {
    const char next = key[at] == '\\' && at + 1 < key.size() ? key[at + 1] : '\0';
    if (next == 'n' || next == 't') {
      text += next == 'n' ? '\n' : '\t';
      ++at;
    } else {
      text += key[at];
    }
  }
  return text;
}

// As 0.23 writes them; a key with a newline of its own is not.
bool is_escaped(std::string_view key) {
  if (key.find('\n') != std::string_view::npos) return false;
  return key.starts_with("\\n") || key.find(",\\n") != std::string_view::npos;
}

}  // namespace

std::optional<Stack> parse_stack_key(std::string_view key, std::span<const StackKind> kinds) {
  std::string unescaped;
  if (is_escaped(key)) {
    unescaped = with_newlines(key);
    key = unescaped;
  }
  std::vector<OneStack> stacks;
  std::string label;
  std::size_t nth = 0;
  bool is_last = false;
  for (std::size_t at = 0; at < key.size();) {
    std::size_t end = std::string_view::npos;
    if (key[at] == '\n' && !is_last) {
      end = key.find("\n,", at + 1);
      is_last = end == std::string_view::npos;  // Not looked for again: a key may be long.
      if (is_last && key.size() > at + 1 && key.ends_with('\n')) end = key.size() - 1;
    }
    if (end != std::string_view::npos) {
      const std::optional<StackKind> kind = nth < kinds.size() ? std::optional(kinds[nth]) : std::nullopt;
      stacks.push_back(read_stack(key.substr(at, end - at), kind));
      ++nth;
      at = end + 2;
      continue;
    }
    if (key[at] == ',') {  // A stack without frames is nothing between commas.
      ++nth;
      ++at;
      continue;
    }
    end = std::min(key.find(",\n", at), key.size());
    if (!label.empty()) label += ',';
    label += trimmed(key.substr(at, end - at));
    at = end + 1;
  }
  if (std::ranges::all_of(stacks, [](const OneStack& stack) { return stack.lines.empty(); })) return std::nullopt;

  Stack whole;
  if (!label.empty()) whole.push_back({label, {}, FrameKind::kLabel});
  for (const bool kernel : {false, true}) {
    for (const OneStack& stack : stacks) {
      if (stack.in_kernel != kernel) continue;
      if (stack.lines.size() > kFramesMax) {
        const std::size_t left_out = stack.lines.size() - kFramesMax;
        whole.push_back({"[" + std::to_string(left_out) + " frames left out]", {}, FrameKind::kUnresolved});
      }
      const auto innermost = std::min(stack.lines.size(), kFramesMax);
      for (std::size_t i = innermost; i-- > 0;) {
        const Line* line = &stack.lines[i];
        whole.push_back(line->frame);
        if (kernel && whole.back().kind == FrameKind::kUser) whole.back().kind = FrameKind::kKernel;
      }
    }
  }
  return whole;
}

Stack stack_of_key(std::string_view key, std::span<const StackKind> kinds) {
  if (std::optional<Stack> stack = parse_stack_key(key, kinds)) return *std::move(stack);
  while (key.starts_with(',')) key.remove_prefix(1);  // An empty stack, and what follows it.
  const std::string_view label = trimmed(key);
  return {{label.empty() ? "[no stack]" : std::string(label), {}, FrameKind::kLabel}};
}

bool has_stacks(const Map& map) {
  return std::ranges::any_of(map.keys, [](const std::string& key) { return parse_stack_key(key).has_value(); });
}

}  // namespace stapsh::client::report
