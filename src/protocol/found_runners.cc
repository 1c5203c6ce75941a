// SPDX-License-Identifier: Apache-2.0
#include "protocol/found_runners.h"

#include <algorithm>

namespace stapsh {
namespace {

constexpr std::string_view kNone = "none", kDenied = "denied", kUnknown = "unknown";
constexpr std::size_t kVersionBytesMax = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_of_version(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view(".+~-").find(c) != std::string_view::npos;
}

}  // namespace

const FoundRunner* find(const FoundRunners& runners, RunnerKind kind) {
  const auto found = std::find_if(runners.begin(), runners.end(), [&](const FoundRunner& r) { return r.kind == kind; });
  return found == runners.end() ? nullptr : &*found;
}

std::string format_found_runners(const FoundRunners& runners) {
  std::string word;
  for (const FoundRunner& runner : runners) {
    word += (word.empty() ? "" : ",") + std::string(runner_name(runner.kind)) + ":";
    word += runner.denied ? kDenied : runner.version.empty() ? kUnknown : std::string_view(runner.version);
  }
  return word.empty() ? std::string(kNone) : word;
}

FoundRunners parse_found_runners(std::string_view word) {
  FoundRunners runners;
  while (!word.empty()) {
    const std::string_view piece = word.substr(0, word.find(','));
    word.remove_prefix(std::min(word.size(), piece.size() + 1));
    const std::string_view name = piece.substr(0, piece.find(':'));
    const std::string_view value = piece.substr(std::min(piece.size(), name.size() + 1));
    const auto entry = std::find_if(kRunnerTable.begin(), kRunnerTable.end(),
                                    [&](const RunnerEntry& each) { return each.program == name; });
    if (entry == kRunnerTable.end() || find(runners, entry->kind) != nullptr) continue;
    runners.push_back({entry->kind, value == kDenied, is_runner_version(value) ? std::string(value) : std::string()});
  }
  return runners;
}

bool is_runner_version(std::string_view text) {
  return !text.empty() && text.size() <= kVersionBytesMax && is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), is_of_version);
}

std::string version_said(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_of_version(text[end])) ++end;
    std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.starts_with('v')) word.remove_prefix(1);
    while (word.ends_with('.')) word.remove_suffix(1);
    if (word.find('.') != std::string_view::npos && is_runner_version(word)) return std::string(word);
  }
  return {};
}

}  // namespace stapsh
