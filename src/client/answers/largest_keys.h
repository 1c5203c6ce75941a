// SPDX-License-Identifier: Apache-2.0
// The keys of an answer that matter most. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "client/answers/answer.h"

namespace stapsh::client {

/// Those with the largest sums, the largest first: of stats() by their total, of histograms by their count, of averages
/// by their median; what is not merged comes last. At most `keys_max`.
std::vector<KeyIndex> largest_keys(const Answer& answer, std::size_t keys_max);

}  // namespace stapsh::client
