// SPDX-License-Identifier: Apache-2.0
// Where in a histogram a share of its values lies. Pure.
#pragma once

#include <cstdint>

#include "client/answers/value.h"

namespace stapsh::client {

/// All values in it.
std::uint64_t count_of(const Histogram& histogram);

/// What is left of `all` without `part`, which is in it.
Histogram without(Histogram all, const Histogram& part);

/// The bucket of the value below which `share` (0 to 1) of all values lie. None: it has no value.
const Bucket* quantile(const Histogram& histogram, double share);

}  // namespace stapsh::client
