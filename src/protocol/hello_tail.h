// SPDX-License-Identifier: Apache-2.0
// A hello among other bytes: in a guest's port the words of one client can follow those of another unmarked, in
// mid-line or in mid-DATA.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace stapsh {

/// No hello is longer, with its newline.
inline constexpr std::size_t kHelloBytesMax = 256;
inline constexpr std::string_view kHelloWord = "stap ";

/// The end, behind the newline, of the hello that begins at `at`, where kHelloWord stands; none if it is something else
/// or not whole. A hello's version is a number here: every client says one.
std::optional<std::size_t> end_of_hello(std::string_view bytes, std::size_t at);

/// The hello that `bytes` end with, whatever stands before it; empty if they end otherwise.
std::string_view hello_at_end(std::string_view bytes);

}  // namespace stapsh
