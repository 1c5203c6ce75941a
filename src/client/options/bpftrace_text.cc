// SPDX-License-Identifier: Apache-2.0
#include "client/options/bpftrace_text.h"

#include <algorithm>
#include <array>

namespace stapsh::client {
namespace {

constexpr std::string_view kBlanks = " \t\r";

// What a probe of bpftrace begins with: short names as well.
constexpr std::string_view kProbes[]{
    "BEGIN",     "END",
    "begin",     "end",
    "self:",     "asyncwatchpoint:",
    "aw:",       "fentry:",
    "fexit:",    "f:",
    "fr:",       "hardware:",
    "h:",        "interval:",
    "i:",        "iter:",
    "it:",       "kfunc:",
    "kprobe:",   "k:",
    "kretfunc:", "kretprobe:",
    "kr:",       "profile:",
    "p:",        "rawtracepoint:",
    "rt:",       "software:",
    "s:",        "tracepoint:",
    "t:",        "uprobe:",
    "u:",        "uretprobe:",
    "ur:",       "usdt:",
    "U:",        "watchpoint:",
    "w:",        "bench:",
};

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return line;
}

bool begins_probe(std::string_view line) {
  return std::ranges::any_of(kProbes, [&](std::string_view probe) {
    if (!line.starts_with(probe)) return false;
    std::string_view rest = line.substr(probe.size());
    if (probe.ends_with(':')) return !rest.empty() && kBlanks.find(rest.front()) == std::string_view::npos;
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    return rest.empty() || rest.starts_with('{');
  });
}

}  // namespace

bool says_bpftrace(std::string_view text) {
  if (!text.starts_with("#!")) return false;
  std::string_view line = text.substr(2, std::min(text.find('\n'), text.size()) - 2);
  while (!line.empty()) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
    line.remove_prefix(word.size());
    if (word.substr(word.rfind('/') + 1) == "bpftrace") return true;
  }
  return false;
}

bool looks_like_bpftrace(std::string_view text) {
  if (says_bpftrace(text)) return true;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    // Of a systemtap script, whose blocks have labels, ternaries and other lines that could look alike.
    if (line.starts_with("probe ") || line.starts_with("probe\t")) return false;
    if (begins_probe(line)) return true;
  }
  return false;
}

}  // namespace stapsh::client
