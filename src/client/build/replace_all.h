// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace stapsh::client {

/// `text` with `with` in each place of `old`; as it is, if `old` is empty. In time of the lengths of `text` and of what
/// comes of it: either may be another machine's.
std::string replace_all(std::string_view text, std::string_view old, std::string_view with);

}  // namespace stapsh::client
