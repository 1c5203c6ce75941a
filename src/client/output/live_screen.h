// SPDX-License-Identifier: Apache-2.0
// What --live shows: each map as it is now, on a screen or as a block of text. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/answers/answer.h"
#include "client/options/answer_request.h"
#include "client/output/heat_map.h"

namespace stapsh::client {

struct LiveScreen {
  std::string head;                        ///< The first line.
  std::optional<std::size_t> lines_max{};  ///< Of all, the first one with them; none: as many as there are.
};

/// Where not all of it fits, each map has its part of the screen, of which small ones leave the rest to others; of
/// keyed ones the largest keys are shown, and what is cut is said.
std::vector<std::string> live_lines(std::span<const Answer> answers, std::span<const std::string> names,
                                    const AnswerRequest& request, const HeatLook& look, const LiveScreen& screen);

/// What draws `lines` over whatever a terminal's screen shows. It does not flicker: nothing is erased before it is
/// written again. Lines too long are cut by the terminal.
std::string screen_frame(std::span<const std::string> lines);

}  // namespace stapsh::client
