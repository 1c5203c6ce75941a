// SPDX-License-Identifier: Apache-2.0
#include "client/output/gathered_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <tuple>
#include <utility>

#include "base/utf8.h"
#include "client/events/fold_names.h"
#include "client/events/run_result.h"
#include "client/output/terminal_text.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kRuleSize = 15;  // As clush and dshbak have it.
constexpr std::size_t kRuleSizeMax = 4'096;

// A hyphen, and what is drawn as one: hyphens and dashes, the minus sign, lines of boxes.
bool is_dash(std::string_view character) {
  const char32_t code = first_character(character).code;
  return code == U'-' || (code >= 0x2010 && code <= 0x2015) || code == 0x2212 || code == 0x2500 || code == 0x2501;
}

// Controls that a terminal obeys, if it is sent them: what was before them may be gone.
bool may_move(char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; }

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
  std::string joined;
  if (!unfinished_.empty()) {
    joined = std::exchange(unfinished_, {}).append(bytes);
    bytes = joined;
  }
  while (!bytes.empty()) {
    if (const std::size_t dashes = std::min(bytes.find_first_not_of('-'), bytes.size()); only_dashes_ && dashes > 0) {
      dashes_ += dashes;
      bytes.remove_prefix(dashes);
      continue;
    }
    if (!only_dashes_) {  // Most of what is said.
      const auto* const control = std::find_if(bytes.begin(), bytes.end(), may_move);
      if (control == bytes.end()) return;
      bytes.remove_prefix(static_cast<std::size_t>(control - bytes.begin()));
    }
    if (bytes.front() == '\n' || bytes.front() == '\r') {
      end_line();
      bytes.remove_prefix(1);
      continue;
    }
    only_dashes_ = true;
    const std::string seen = take_seen(bytes);
    if (seen.empty()) {
      unfinished_ = bytes;
      return;
    }
    take(seen);
  }
}

void RuleFinder::take(std::string_view seen) {
  const bool is_spelled = seen.size() > 1 && (seen.front() == '^' || seen.front() == '<');
  if (seen == "\n" || seen == "\r" || seen == "^M") {  // Behind what is not seen.
    end_line();
  } else if (is_dash(seen)) {
    ++dashes_;
  } else {
    only_dashes_ = seen == " " || seen == "\t" || is_spelled;
  }
}

void RuleFinder::end_line() {
  if (only_dashes_) longest_ = std::max(longest_, dashes_);
  only_dashes_ = true;
  dashes_ = 0;
}

std::string RuleFinder::rule() const {
  const std::size_t longest = longest_ + added_dashes_;
  if (longest >= kRuleSizeMax) {
    std::random_device random;
    const std::string dashes(kRuleSize, '-');
    return fmt::format("{}{:08x}{:08x}{}", dashes, random(), random(), dashes);
  }
  return std::string(longest < kRuleSize ? kRuleSize : longest + 1, '-');
}

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
