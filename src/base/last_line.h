// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace stapsh {

/// What a program said last: the last line of `text`, without its end, which may be "\r\n" as ssh has it.
inline std::string_view last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace stapsh
