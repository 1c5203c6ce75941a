// SPDX-License-Identifier: Apache-2.0
// What bpftrace's text mode shows for a value of its JSON mode: (1, 2, x) for [1,2,"x"].
#pragma once

#include <string>
#include <string_view>

namespace stapsh::client {

/// A printed value. What is no JSON (0.17 leaves the quotes around times and addresses out) is shown as it is.
std::string value_text(std::string_view json);

/// The text that a JSON string means; `inside`: what is between its quotes.
void append_unescaped(std::string& to, std::string_view inside);

}  // namespace stapsh::client
