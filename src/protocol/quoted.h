// SPDX-License-Identifier: Apache-2.0
// Quoted-printable words, as `run` carries its arguments: bytes outside 33..126 and '=' are "=HH".
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace stapsh {

/// One argument as a word of a line. Lower-case hex, as released clients write it.
/// An empty argument has no spelling in the protocol; it becomes the empty word.
std::string quote(std::string_view argument);

/// The argument of a word; hex of either case. kPeer when '=' is not followed by two hex digits
/// or the argument would hold a NUL, which no argument of a program can.
Result<std::string> unquote(std::string_view word);

}  // namespace stapsh
