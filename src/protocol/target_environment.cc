// SPDX-License-Identifier: Apache-2.0
#include "protocol/target_environment.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/parse_int.h"
#include "protocol/quoted.h"

namespace stapsh {
namespace {

using Fact = TargetEnvironment::Fact;
using Policy = TargetEnvironment::Policy;

constexpr std::string_view kNothing = "none", kFolder = "folder:";
constexpr std::array<std::string_view, 3> kLockdowns{"none", "integrity", "confidentiality"};
constexpr std::array<std::string_view, 4> kPolicies{"", "none", "there", "broken"};  // As Policy counts.

Fact parse_fact(std::string_view value) {
  return value == "yes" ? Fact::kYes : value == "no" ? Fact::kNo : Fact::kUnknown;
}

void add(std::string& word, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!word.empty()) word += ',';
  ((word += name) += ':') += value;
}

void add(std::string& word, std::string_view name, Fact fact) {
  if (fact != Fact::kUnknown) add(word, name, fact == Fact::kYes ? "yes" : "no");
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "+") + name;
  return text.empty() ? std::string(kNothing) : text;
}

// Those of "a+b" that `is_known`, none twice.
template <typename Known>
std::vector<std::string> split_names(std::string_view value, Known is_known) {
  std::vector<std::string> names;
  while (!value.empty()) {
    const std::string_view name = value.substr(0, value.find('+'));
    value.remove_prefix(std::min(value.size(), name.size() + 1));
    if (is_known(name) && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  }
  return names;
}

bool is_group(std::string_view name) { return std::ranges::find(kSystemtapGroups, name) != std::end(kSystemtapGroups); }

bool is_capability(std::string_view name) {
  return std::ranges::any_of(kTracingCapabilities, [&](const TracingCapability& each) { return each.name == name; });
}

template <typename Int>
std::optional<Int> parse_number(std::string_view value) {
  const Result<Int> number = parse_int<Int>(value, 0, static_cast<Int>(-1));
  return number ? std::optional(*number) : std::nullopt;
}

void take(TargetEnvironment& to, std::string_view name, std::string_view value) {
  if (name == "tracefs") to.tracefs = parse_fact(value);
  if (name == "btf") to.btf = parse_fact(value);
  if (name == "kprobes") to.kprobes = parse_fact(value);
  if (name == "lockdown" && std::ranges::find(kLockdowns, value) != kLockdowns.end()) to.lockdown = value;
  if (name == "uid") to.uid = parse_number<std::uint32_t>(value);
  if (name == "groups") to.groups = split_names(value, is_group);
  if (name == "caps") to.capabilities = split_names(value, is_capability);
  if (name == "policy") {
    const auto at = std::ranges::find(kPolicies, value);
    to.policy = at == kPolicies.end() ? Policy::kUnknown : static_cast<Policy>(at - kPolicies.begin());
  }
  if (name == "writable") to.folder.writable = parse_fact(value);
  if (name == "executes") to.folder.executes = parse_fact(value);
  if (name == "room") to.folder.room_bytes = parse_number<std::uint64_t>(value);
}

}  // namespace

std::string format_environment(const TargetEnvironment& environment) {
  std::string word;
  add(word, "tracefs", environment.tracefs);
  add(word, "btf", environment.btf);
  add(word, "kprobes", environment.kprobes);
  add(word, "lockdown", environment.lockdown);
  if (environment.uid) add(word, "uid", std::to_string(*environment.uid));
  add(word, "groups", joined(environment.groups));
  if (environment.capabilities) add(word, "caps", joined(*environment.capabilities));
  add(word, "policy", kPolicies[static_cast<std::size_t>(environment.policy)]);
  const TargetEnvironment::Folder& folder = environment.folder;
  add(word, "writable", folder.writable);
  add(word, "executes", folder.executes);
  if (folder.room_bytes) add(word, "room", std::to_string(*folder.room_bytes));
  add(word, "folder", quote(folder.path));
  return word;
}

TargetEnvironment parse_environment(std::string_view word) {
  TargetEnvironment environment;
  while (!word.empty()) {
    if (word.starts_with(kFolder)) {  // The last one: a path may have a comma in it.
      if (Result<std::string> path = unquote(word.substr(kFolder.size()))) environment.folder.path = *std::move(path);
      break;
    }
    const std::string_view piece = word.substr(0, word.find(','));
    word.remove_prefix(std::min(word.size(), piece.size() + 1));
    const std::string_view name = piece.substr(0, piece.find(':'));
    take(environment, name, piece.substr(std::min(piece.size(), name.size() + 1)));
  }
  return environment;
}

}  // namespace stapsh
