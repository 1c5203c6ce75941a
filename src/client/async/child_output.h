// SPDX-License-Identifier: Apache-2.0
// Waiting for children and for what they say, as coroutines.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "sys/child.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

/// Waits until `child` has ended, at most `limit`, and reaps it: 0..255 or 128 + N; none: it still lives.
Awaitable<std::optional<int>> wait_child(asio::io_context& io, sys::Child& child, Duration limit);

/// Asked once a second whether to wait no longer: for a child that not even SIGKILL ends.
using GiveUp = std::function<bool()>;
Awaitable<std::optional<int>> wait_child(asio::io_context& io, sys::Child& child, GiveUp give_up);

/// The same, but it is not reaped: its pid is its own until it is (Child::try_wait).
Awaitable<std::optional<int>> see_end(asio::io_context& io, sys::Child& child, GiveUp give_up);

struct ChildResult {
  std::string out, errors;       ///< What it wrote into the two pipes.
  std::optional<int> exit_code;  ///< As of wait_child().
};

/// Reads both pipes until `child` has ended and nothing `goes_on`, and reaps it then; of each, what is over `bytes_max`
/// is dropped. Who else holds them open by then is not waited for.
Awaitable<ChildResult> collect(asio::io_context& io, sys::Child& child, sys::UniqueFd out, sys::UniqueFd errors,
                               std::size_t bytes_max, GiveUp give_up, std::function<bool()> goes_on);

}  // namespace stapsh::client
