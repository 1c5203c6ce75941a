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

constexpr std::string_view kSoftHyphen = "\u00ad";
constexpr unsigned char kC1Lead = 0xc2;  // Of U+0080 to U+009F, in UTF-8.

// A hyphen, and what is drawn much like one: dashes, minus signs, lines of boxes, long vowels, the Chinese one.
constexpr std::u32string_view kDashes =
    U"-\u00af\u02c9\u02d7\u0335\u0336\u058a\u05be\u1173\u1400\u1428\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u203e"
    U"\u2043"
    U"\u207b\u208b\u2212\u2196\u23af\u23ba\u23bb\u23bc\u23bd\u23e4\u2500\u2501\u2504\u2505\u2508\u2509\u254c\u254d"
    U"\u2550"
    U"\u2574\u2576\u2578\u257a\u257c\u257e\u2581\u2594\u2796\u2e3a\u2e3b\u2e40\u301c\u3030\u30fc\u3161\u31d0\u4e00"
    U"\ufe31\ufe49"
    U"\ufe4d\ufe58\ufe63\uff0d\uff3f\uff70\uffda\uffe3\U00010110";

// Little is seen of these beside a rule.
bool is_speck(std::string_view character) {
  return character.size() == 1 && std::string_view(" \t.,'`").find(character.front()) != std::string_view::npos;
}

// Where the first control is that a terminal obeys, if it is sent it: what was before it may be gone. A byte of a C1
// control is in other characters as well.
std::size_t find_move(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    if (byte < ' ' && byte != '\t') return at;
    if (byte < 0x80 || byte >= 0xa0) continue;
    const unsigned char before = at > 0 ? static_cast<unsigned char>(bytes[at - 1]) : 0;
    if (before == kC1Lead) return at - 1;
    if (before < 0x80) return at;
  }
  return std::string_view::npos;
}

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; at += word.size()) ++found;
  return found;
}

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
      escape_ = Escape::kNone;
      bytes.remove_prefix(dashes);
      continue;
    }
    if (!only_dashes_) {  // Most of what is said.
      const std::size_t control = find_move(bytes);
      if (control == std::string_view::npos) {
        if (static_cast<unsigned char>(bytes.back()) == kC1Lead) unfinished_ = bytes.back();
        return;
      }
      bytes.remove_prefix(control);
    }
    if (bytes.front() == '\n' || bytes.front() == '\r') {
      end_line();
      bytes.remove_prefix(1);
      continue;
    }
    only_dashes_ = true;
    const std::string_view before = bytes;
    const std::string seen = take_seen(bytes);
    if (seen.empty()) {
      unfinished_ = before;
      return;
    }
    // Not seen, as most have it; but some terminals draw it.
    dashes_ += count(before.substr(0, before.size() - bytes.size()), kSoftHyphen);
    take(seen);
  }
}

void RuleFinder::take(std::string_view seen) {
  const bool is_spelled = seen.size() > 1 && (seen.front() == '^' || seen.front() == '<');
  if (seen == "\n" || seen == "\r" || seen == "^M") {  // Behind what is not seen.
    end_line();
  } else if (is_spelled) {  // Where a terminal obeys it, a line may be over, or begin.
    longest_ = std::max(longest_, dashes_);
    const bool is_csi = seen == "<U+009B>" || seen == "<9B>";
    escape_ = is_csi ? Escape::kNumbers : seen == "^[" ? Escape::kBegun : Escape::kNone;
  } else if (escape_ != Escape::kNone) {  // It is a part of it.
    const bool goes_on = escape_ == Escape::kBegun ? seen == "[" : seen.front() < '@';
    escape_ = goes_on ? Escape::kNumbers : Escape::kNone;
  } else if (may_be_dash(seen)) {
    ++dashes_;
  } else {
    only_dashes_ = is_speck(seen);
  }
}

// No list has all that a font may draw so: but of others a line has one alone, over and over, if it is to look like a
// rule.
bool RuleFinder::may_be_dash(std::string_view seen) {
  const char32_t code = first_character(seen).code;
  if (kDashes.find(code) != std::u32string_view::npos) return true;
  if (code < 0x80) return false;
  if (other_ == 0) other_ = code;
  return other_ == code;
}

void RuleFinder::end_line() {
  if (only_dashes_) longest_ = std::max(longest_, dashes_);
  only_dashes_ = true;
  escape_ = Escape::kNone;
  dashes_ = 0;
  other_ = 0;
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
