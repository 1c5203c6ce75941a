// SPDX-License-Identifier: Apache-2.0
// What is done to text for a person's eyes, on each of the two standard streams. Pure.
#pragma once

#include <array>

#include "client/options/rstap_options.h"

namespace stapsh::client {

/// By Stream.
struct TextLook {
  std::array<bool, 2> spelled{};   ///< What a terminal would obey is spelled, not sent: terminal_text.h.
  std::array<bool, 2> coloured{};  ///< Labels have a colour.
};

/// `no_color`: the environment's NO_COLOR, or null. Source: https://no-color.org; an option of ours outdoes it.
TextLook text_look(const OutputOptions& options, std::array<bool, 2> is_terminal, const char* no_color);

}  // namespace stapsh::client
