// SPDX-License-Identifier: Apache-2.0
// A number that a runner measured, and sums of many. Runners say numbers of 64 bits, with and without a sign; sums of
// them over any fleet fit into 128 bits, so nothing overflows and nothing is rounded.
#pragma once

#include <string>

namespace stapsh::client {

__extension__ using Number = __int128;

/// In decimal, exactly.
std::string to_text(Number number);
/// For statistics, where the last digits don't matter.
inline double to_double(Number number) { return static_cast<double>(number); }

}  // namespace stapsh::client
