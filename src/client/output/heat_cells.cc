// SPDX-License-Identifier: Apache-2.0
#include "client/output/heat_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace stapsh::client {
namespace {

constexpr std::string_view kCharacters = " .:-=+*#%@";
static_assert(kCharacters.size() == kShades);

// The nearest to viridis among the 256 colours that xterm defines, each lighter than the one before. Nothing is nearly
// black, also on a light terminal: there it would be brighter than the most.
constexpr std::array<unsigned, kShades> kColours{233, 53, 54, 24, 30, 36, 41, 112, 154, 226};
constexpr std::size_t kFirstLightShade = 6;  // Text on it is black.

constexpr std::string_view kUnits = "KMGTPEZYRQ";

}  // namespace

std::size_t shade_of(double share) {
  if (!(share > 0)) return 0;
  const double level = std::sqrt(std::min(share, 1.0)) * static_cast<double>(kShades - 1);
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(level)), 1, kShades - 1);
}

char shade_character(std::size_t shade) { return kCharacters[shade]; }

void append_cell(std::string& to, std::size_t shade, std::size_t columns, bool coloured) {
  if (!coloured) return void(to.append(columns, kCharacters[shade]));
  append_cell_text(to, shade, std::string(columns, ' '), true);
}

void append_cell_text(std::string& to, std::size_t shade, std::string_view text, bool coloured) {
  if (!coloured) return void(to.append(text));
  fmt::format_to(std::back_inserter(to), "\033[48;5;{};38;5;{}m{}\033[0m", kColours.at(shade),
                 shade >= kFirstLightShade ? 16 : 231, text);
}

std::string short_number(double number) {
  const double size = std::fabs(number);
  if (size < 99'999.5) return fmt::format("{:.0f}", number);
  double scaled = number;
  for (const char unit : kUnits) {
    scaled /= 1000;
    if (std::fabs(scaled) < 9.95) return fmt::format("{:.1f}{}", scaled, unit);
    if (std::fabs(scaled) < 999.5) return fmt::format("{:.0f}{}", scaled, unit);
  }
  return number > 0 ? "much" : "-much";  // Beyond what 128 bits hold.
}

}  // namespace stapsh::client
