// SPDX-License-Identifier: Apache-2.0
// How much room text takes on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stapsh::client {

/// The beginning of `text` that fits into `columns`, where wide characters (CJK, many pictures) take two. What a
/// terminal would obey, and bytes that are no UTF-8, are question marks.
std::string fit_columns(std::string_view text, std::size_t columns);

/// How many columns fit_columns() would need for all of it.
std::size_t columns_of(std::string_view text);

/// `text` in exactly `columns`: what is longer ends in "…", what is shorter is filled with blanks.
std::string padded(std::string_view text, std::size_t columns);

}  // namespace stapsh::client
