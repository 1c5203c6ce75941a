// SPDX-License-Identifier: Apache-2.0
// Waiting for children and for what they say, as coroutines.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "client/asio_types.h"
#include "sys/child.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

/// All that comes from `pipe` until its end; what is over `bytes_max` is read and dropped.
Awaitable<std::string> read_all(asio::io_context& io, sys::UniqueFd pipe, std::size_t bytes_max);

/// Waits until `child` has ended, at most `limit`, and reaps it: 0..255 or 128 + N; none: it still lives.
Awaitable<std::optional<int>> wait_child(asio::io_context& io, sys::Child& child, Duration limit);

/// SIGKILL to the child and all that descends from it in its session. What made itself independent stays:
/// an ssh ControlPersist master, and above all an agent's guardian, which now does its work.
void kill_tree(const sys::Child& child);

}  // namespace stapsh::client
