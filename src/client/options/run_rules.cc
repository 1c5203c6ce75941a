// SPDX-License-Identifier: Apache-2.0
#include "client/options/run_rules.h"

#include <fmt/format.h>

#include "base/parse_int.h"
#include "base/parse_seconds.h"

namespace stapsh::client {
namespace {

constexpr unsigned kTargetsMax = 100'000;

}  // namespace

bool HaltRule::reached(std::size_t failed, std::size_t targets) const {
  return failed > 0 && (percent ? failed * 100 >= std::size_t{failures} * targets : failed >= failures);
}

std::string HaltRule::text() const {
  return fmt::format("{},fail={}{}", when == When::kNow ? "now" : "soon", failures, percent ? "%" : "");
}

Result<HaltRule> parse_halt(std::string_view text) {
  const std::size_t comma = text.find(',');
  const std::string_view when = text.substr(0, comma);
  std::string_view why = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  constexpr std::string_view kFail = "fail=";
  if ((when != "now" && when != "soon") || !why.starts_with(kFail)) {
    return fail(Errc::kUsage, fmt::format("'{}' is not now,fail=N or soon,fail=N, N a number or a percentage", text));
  }
  why.remove_prefix(kFail.size());
  HaltRule rule;
  rule.when = when == "now" ? HaltRule::When::kNow : HaltRule::When::kSoon;
  rule.percent = why.ends_with('%');
  if (rule.percent) why.remove_suffix(1);
  rule.failures = TRY(parse_int<unsigned>(why, 1, rule.percent ? 100 : kTargetsMax));
  return rule;
}

Result<CanaryRule> parse_canary(std::string_view text) {
  const std::size_t comma = text.find(',');
  CanaryRule rule;
  rule.targets = TRY(parse_int<unsigned>(text.substr(0, comma), 1, kTargetsMax));
  if (comma != std::string_view::npos) rule.time = TRY(parse_seconds(text.substr(comma + 1)));
  return rule;
}

}  // namespace stapsh::client
