// SPDX-License-Identifier: Apache-2.0
// A connection whose way is a child of ours: its standard streams.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/transport/transport.h"
#include "sys/child.h"

namespace stapsh::client {

/// Starts it. `targets`: how many there are in all; few get big pipes.
Result<Connection> open_child(sys::SpawnOptions spawn, std::size_t targets);

/// Ourselves with these words, in another process. What it says of its end is its own, not an agent's.
Result<Connection> open_self(const std::vector<std::string>& words, std::size_t targets);

}  // namespace stapsh::client
