// SPDX-License-Identifier: Apache-2.0
// UTF-8, read without trust: what stands at the beginning of some bytes, and whether a person may be shown it. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace stapsh {

struct Utf8Character {
  enum class Kind {
    kWhole,
    kUnfinished,  ///< The beginning of one: what follows may complete it.
    kBroken,      ///< A byte that belongs to no character.
  } kind = Kind::kBroken;
  std::size_t bytes = 1;  ///< Of kUnfinished: all that is there.
  char32_t code = 0;      ///< Of kWhole.
};

/// What `text`, which is not empty, begins with.
Utf8Character first_character(std::string_view text);

/// Not shown, but obeyed: C0, DEL and C1 controls; what turns the direction of writing around; separators of lines and
/// paragraphs. Also tab and newline.
bool is_control(char32_t code);

/// The beginning of `text`, at most so many bytes, that does not end within a character. What is behind its first
/// `bytes_max` + 1 bytes makes no difference.
std::string_view whole_characters(std::string_view text, std::size_t bytes_max);

}  // namespace stapsh
