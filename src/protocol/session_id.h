// SPDX-License-Identifier: Apache-2.0
// `option session=ID`: the name that a client gives its session, so that it can ask after it when the connection is
// lost (`sweep ID`). The agent's workspace carries it. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace stapsh {

inline constexpr std::size_t kSessionIdCharacters = 10;

inline constexpr std::string_view kSessionIdAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Ten letters or digits: chosen at random, no two sessions of a machine share one.
inline bool is_session_id(std::string_view text) {
  return text.size() == kSessionIdCharacters && text.find_first_not_of(kSessionIdAlphabet) == std::string_view::npos;
}

}  // namespace stapsh
