// SPDX-License-Identifier: Apache-2.0
// Who is there: what a client asks all links, and what each answers. Lines of words; who does not know a line's first
// word passes it over. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/selector.h"

namespace stapsh::broker {

inline constexpr std::size_t kWhoBytesMax = 16'384;
inline constexpr std::uint32_t kSpreadMsMax = 10'000;

struct WhoQuestion {
  Selector selector;            ///< Who does not match says nothing.
  std::uint32_t spread_ms = 0;  ///< Answers come after a random part of that; at most kSpreadMsMax.
};

struct WhoAnswer {
  std::string host;
  std::string machine;  ///< uname -m
  std::string release;  ///< uname -r
  Labels labels;
  bool operator==(const WhoAnswer&) const = default;
};

std::string format_who(const WhoQuestion& question);
std::string format_who(const WhoAnswer& answer);
/// kPeer says what is wrong.
Result<WhoQuestion> parse_who_question(std::string_view text);
Result<WhoAnswer> parse_who_answer(std::string_view text);

}  // namespace stapsh::broker
