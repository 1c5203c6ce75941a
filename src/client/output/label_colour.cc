// SPDX-License-Identifier: Apache-2.0
#include "client/output/label_colour.h"

#include <array>
#include <cstdint>

namespace stapsh::client {
namespace {

// Of the sixteen that every terminal has, without black, white and grey, and without red, which is for errors.
constexpr std::array<std::string_view, 10> kLabelColours{"36", "32", "33", "35", "34", "96", "92", "93", "95", "94"};

}  // namespace

std::string in_colour_of(std::string_view name, std::string_view text) {
  std::uint32_t hash = 2'166'136'261;  // FNV-1a: neighbours like web01 and web02 get different colours.
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619;
  std::string coloured = "\033[";
  coloured.append(kLabelColours.at(hash % kLabelColours.size())).append("m").append(text).append("\033[0m");
  return coloured;
}

}  // namespace stapsh::client
