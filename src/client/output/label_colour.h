// SPDX-License-Identifier: Apache-2.0
// A colour for each target's label, by its name: the same in every run. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stapsh::client {

/// `text` in the colour of the target `name`, one of ten that the terminal's own theme makes readable.
std::string in_colour_of(std::string_view name, std::string_view text);

}  // namespace stapsh::client
