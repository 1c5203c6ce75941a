// SPDX-License-Identifier: Apache-2.0
// How many descriptors this process may have, and what a person can do where that is not enough.
#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <optional>

#include "base/result.h"

namespace stapsh::sys {

/// Raises the soft limit (often 1024, for programs that use select(2)) to the hard one. Returns the limit that holds
/// then. Programs that we start get the soft limit of before. Source: getrlimit(2), RLIMIT_NOFILE.
std::size_t raise_descriptor_limit();

/// The limits of before, if they were raised.
std::optional<rlimit> descriptor_limit_of_children();

/// Adds to an error that a lack of descriptors made which limit it is, and what to do.
Error with_descriptor_advice(Error error);

}  // namespace stapsh::sys
