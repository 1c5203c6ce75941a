// SPDX-License-Identifier: Apache-2.0
#include "client/output/gathered_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "client/events/fold_names.h"
#include "client/events/run_result.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kRuleSize = 15;  // As clush and dshbak have it.

}  // namespace

int order_code(const Outcome& outcome) {
  if (outcome.kind != Outcome::Kind::kEnded) return kBehindAllCodes;
  return outcome.exit_code.value_or(outcome.has_output ? 0 : kFailedCode);
}

void GroupCollector::add(std::size_t target, const SharedTexts::Place& text, int code) {
  const auto [at, is_new] = groups_.try_emplace(text, GatheredGroup{text, {}, code});
  GatheredGroup& group = at->second;
  group.targets.push_back(target);
  group.code = std::min(group.code, code);
}

std::vector<GatheredGroup> GroupCollector::groups() const {
  std::vector<GatheredGroup> groups;
  for (const auto& [text, group] : groups_) groups.push_back(group);
  std::ranges::sort(groups, [](const GatheredGroup& a, const GatheredGroup& b) {
    return std::tuple(a.code, b.targets.size(), a.targets.front()) <
           std::tuple(b.code, a.targets.size(), b.targets.front());
  });
  return groups;
}

void RuleFinder::add(std::string_view bytes) {
  while (!bytes.empty()) {
    if (only_dashes_) {
      const std::size_t dashes = std::min(bytes.find_first_not_of('-'), bytes.size());
      dashes_ += dashes;
      bytes.remove_prefix(dashes);
      if (bytes.empty()) return;
      if (bytes.front() == '\n') longest_ = std::max(longest_, dashes_);
      only_dashes_ = false;
    }
    const auto* const newline = static_cast<const char*>(std::memchr(bytes.data(), '\n', bytes.size()));
    if (newline == nullptr) return;
    bytes.remove_prefix(static_cast<std::size_t>(newline - bytes.data()) + 1);
    only_dashes_ = true;
    dashes_ = 0;
  }
}

std::string RuleFinder::rule() const { return std::string(longest_ < kRuleSize ? kRuleSize : longest_ + 1, '-'); }

std::string group_title(const GatheredGroup& group, const std::vector<std::string>& names) {
  std::vector<std::string> own;
  for (const std::size_t target : group.targets) own.push_back(names[target]);
  std::string title = fold_names(own);
  if (own.size() > 1) title += fmt::format(" ({})", own.size());
  return title;
}

std::string group_header(std::string_view rule, std::string_view title) {
  return fmt::format("{}\n{}\n{}\n", rule, title, rule);
}

}  // namespace stapsh::client
