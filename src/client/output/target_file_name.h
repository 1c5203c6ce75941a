// SPDX-License-Identifier: Apache-2.0
// A target's name as the name of a file. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stapsh::client {

/// Never empty, without a '/' or a control character, not beginning with a '.', at most 200 bytes; different names
/// stay different. What can't be in it is %XX, as in a URL: "unix:/run/a" is "unix:%2Frun%2Fa". The end of a long name
/// gives way to "%~" and a number made of all of it.
std::string target_file_name(std::string_view target_name);

}  // namespace stapsh::client
