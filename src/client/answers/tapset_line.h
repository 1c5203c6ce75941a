// SPDX-License-Identifier: Apache-2.0
// A line of tapset/rstap.stp, in which a script of systemtap says what it counted. docs/systemtap-answers.md has its
// rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/answers/map_kind.h"
#include "client/answers/value.h"

namespace stapsh::client {

struct TapsetLine {
  enum class What {
    kValue,  ///< "count NAME 5": all that is said of a map without keys. "hist NAME": a histogram follows.
    kBegin,  ///< "begin count NAME": a map with keys.
    kRow,    ///< "0 NAME 5 KEY": what it begins with says how many there were before, or "row".
    kEnd,    ///< "end NAME 1": how many rows there were, if somebody counted.
  } what = What::kValue;
  MapKind kind = MapKind::kOther;  ///< Of kValue and kBegin.
  std::string_view name;
  std::string_view rest;  ///< Behind the name and a blank.
};

/// Whether it is one at all, whatever stands in it.
bool is_tapset_line(std::string_view line);
/// Whether more bytes could make it one.
bool may_become_tapset_line(std::string_view line);
/// None: nobody's tapset writes such a line.
std::optional<TapsetLine> parse_tapset_line(std::string_view line);
/// Takes what `kind` has for a value and the blank behind it off `rest`, so that the key is left. None of histograms:
/// they have rows of their own.
std::optional<Value> take_tapset_value(MapKind kind, std::string_view& rest);
/// The bytes that were meant.
std::string tapset_key(std::string_view escaped);

}  // namespace stapsh::client
