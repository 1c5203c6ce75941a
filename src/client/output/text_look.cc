// SPDX-License-Identifier: Apache-2.0
#include "client/output/text_look.h"

namespace stapsh::client {

TextLook text_look(const OutputOptions& options, std::array<bool, 2> is_terminal, const char* no_color) {
  const bool unwanted = no_color != nullptr && *no_color != '\0';
  const ColourWhen colour = options.colour.value_or(unwanted ? ColourWhen::kNever : ColourWhen::kAuto);
  TextLook look;
  for (std::size_t stream = 0; stream < is_terminal.size(); ++stream) {
    look.spelled[stream] = is_terminal[stream] && !options.raw;
    look.coloured[stream] = colour == ColourWhen::kAlways || (colour == ColourWhen::kAuto && is_terminal[stream]);
  }
  return look;
}

}  // namespace stapsh::client
