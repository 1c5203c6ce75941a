// SPDX-License-Identifier: Apache-2.0
// The cells of a heat map: how much of something, as a shade. In colour dark is little and bright is much, along a
// scale that people see who don't see all colours; without it a character stands for each shade. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stapsh::client {

/// Of shades; 0 is nothing at all.
inline constexpr std::size_t kShades = 10;

/// `share` from 0 to 1. What is there at all is seen, and small shares are told apart: the hundredth of all requests
/// that is slow is what people look for.
std::size_t shade_of(double share);

/// The character of a shade: " .:-=+*#%@".
char shade_character(std::size_t shade);

/// `columns` wide.
void append_cell(std::string& to, std::size_t shade, std::size_t columns, bool coloured);
/// `text`, which is as wide as the cell, in it; without colour it is alone.
void append_cell_text(std::string& to, std::size_t shade, std::string_view text, bool coloured);

/// A number in at most six columns: "12034", "123K", "-1.5M": decimal.
std::string short_number(double number);

}  // namespace stapsh::client
