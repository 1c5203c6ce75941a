// SPDX-License-Identifier: Apache-2.0
#include "broker/selector.h"

#include <algorithm>

#include "base/shown_text.h"

namespace stapsh::broker {
namespace {

constexpr std::size_t kWordMax = 64, kShownMax = 80;

bool is_word(std::string_view text) {
  return text.size() <= kWordMax && text.find_first_not_of(
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_./") == std::string_view::npos;
}

}  // namespace

Result<std::pair<std::string, std::string>> parse_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  if (equals == std::string_view::npos || name.empty() || !is_word(name) || !is_word(value)) {
    return fail(Errc::kUsage, "'" + shown_text(text, kShownMax) +
                                  "' is no label: NAME=VALUE, both of letters, digits, '-', '_', '.' and '/'");
  }
  return std::pair(std::string(name), std::string(value));
}

Result<Selector> Selector::parse(std::string_view text) {
  Selector selector;
  if (text.empty()) return selector;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    at = end + 1;
    Condition condition{Kind::kHas, std::string(part), {}};
    if (const std::size_t equals = part.find('='); equals != std::string_view::npos) {
      const bool is_not = equals > 0 && part[equals - 1] == '!';
      condition.kind = is_not ? Kind::kNotEqual : Kind::kEqual;
      condition.name = part.substr(0, is_not ? equals - 1 : equals);
      condition.value = part.substr(part.substr(equals).starts_with("==") ? equals + 2 : equals + 1);
    } else if (part.starts_with('!')) {
      condition.kind = Kind::kHasNot;
      condition.name = part.substr(1);
    }
    if (condition.name.empty() || !is_word(condition.name) || !is_word(condition.value)) {
      return fail(Errc::kUsage, "'" + shown_text(part, kShownMax) +
                                    "' is no condition of labels: say NAME=VALUE, NAME!=VALUE, NAME or !NAME");
    }
    selector.conditions_.push_back(std::move(condition));
  }
  return selector;
}

bool Selector::matches(const Labels& labels) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
    const auto named = [&](const auto& label) { return label.first == condition.name; };
    const auto found = std::find_if(labels.begin(), labels.end(), named);
    const bool has = found != labels.end();
    switch (condition.kind) {
      case Kind::kEqual:
        return has && found->second == condition.value;
      case Kind::kNotEqual:
        return !has || found->second != condition.value;
      case Kind::kHas:
        return has;
      case Kind::kHasNot:
        return !has;
    }
    return false;
  });
}

std::string Selector::text() const {
  std::string text;
  for (const Condition& condition : conditions_) {
    if (!text.empty()) text += ',';
    if (condition.kind == Kind::kHasNot) text += '!';
    text += condition.name;
    if (condition.kind == Kind::kEqual) text += '=' + condition.value;
    if (condition.kind == Kind::kNotEqual) text += "!=" + condition.value;
  }
  return text;
}

}  // namespace stapsh::broker
