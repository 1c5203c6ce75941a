// SPDX-License-Identifier: Apache-2.0
// What a systemtap script wants that no target can be given.
#pragma once

#include <string_view>

namespace stapsh::client {

/// Whether a script names a probe of systemtap's input tapset, input.char or input.line, which gets what is typed. Also
/// true of one in a comment: who asks only wants to give a hint. Pure.
bool names_input_probe(std::string_view script);

}  // namespace stapsh::client
