// SPDX-License-Identifier: Apache-2.0
#include "client/answers/tapset_line.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace stapsh::client {
namespace {

// The number is the format's version: a later one passes as the text that it is.
constexpr std::string_view kMark = "#rstap1 ";
constexpr std::size_t kNameBytesMax = 200;

std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

std::optional<MapKind> kind_named(std::string_view name) {
  constexpr std::array kKinds{MapKind::kCount, MapKind::kSum,  MapKind::kMin,  MapKind::kMax,
                              MapKind::kStats, MapKind::kHist, MapKind::kLhist};
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&](MapKind kind) { return kind_name(kind) == name; });
  return found == kKinds.end() ? std::nullopt : std::optional(*found);
}

std::optional<Number> take_number(std::string_view& rest) {
  const std::string_view word = take_word(rest);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

bool is_row(std::string_view word) {
  return word == "row" || (!word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos);
}

}  // namespace

bool is_tapset_line(std::string_view line) { return line.starts_with(kMark); }

bool may_become_tapset_line(std::string_view line) {
  return line.size() < kMark.size() ? kMark.starts_with(line) : is_tapset_line(line);
}

std::optional<TapsetLine> parse_tapset_line(std::string_view line) {
  if (!is_tapset_line(line)) return std::nullopt;
  using What = TapsetLine::What;
  TapsetLine result;
  std::string_view& rest = result.rest;
  rest = line.substr(kMark.size());
  const std::string_view first = take_word(rest);
  if (first == "end") {
    result.what = What::kEnd;
  } else if (is_row(first)) {
    result.what = What::kRow;
  } else {
    const bool begins = first == "begin";
    const std::optional<MapKind> kind = kind_named(begins ? take_word(rest) : first);
    if (!kind) return std::nullopt;
    result.what = begins ? What::kBegin : What::kValue;
    result.kind = *kind;
  }
  result.name = take_word(rest);
  if (result.name.empty() || result.name.size() > kNameBytesMax) return std::nullopt;
  return result;
}

std::optional<Value> take_tapset_value(MapKind kind, std::string_view& rest) {
  if (is_histogram(kind)) return std::nullopt;
  const std::optional<Number> number = take_number(rest);
  if (!number || kind != MapKind::kStats) return number;
  const std::optional<Number> total = take_number(rest);
  if (!total || *number < 0) return std::nullopt;
  return Stats{*number, *total};
}

std::string tapset_key(std::string_view escaped) {
  std::string key;
  key.reserve(escaped.size());
  for (std::size_t at = 0; at < escaped.size(); ++at) {
    const char next = at + 1 < escaped.size() ? escaped[at + 1] : '\0';
    if (escaped[at] != '\\' || (next != '\\' && next != 'n')) {
      key.push_back(escaped[at]);  // Of a backslash at the end systemtap cut the rest off; stapbpf escapes none.
      continue;
    }
    key.push_back(next == 'n' ? '\n' : '\\');
    ++at;
  }
  return key;
}

}  // namespace stapsh::client
