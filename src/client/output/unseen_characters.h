// SPDX-License-Identifier: Apache-2.0
// Characters that take no room of their own on a terminal: two words that differ in them alone look the same. Pure.
#pragma once

namespace stapsh::client {

/// Marks that stand on what is before them, characters that only direct how others are drawn, and what a terminal may
/// take for such.
bool is_unseen(char32_t code);

}  // namespace stapsh::client
