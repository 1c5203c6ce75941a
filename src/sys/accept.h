// SPDX-License-Identifier: Apache-2.0
// Taking connections from a listening socket of any family.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string_view>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

inline constexpr int kListenBacklog = 128;

/// The next waiting connection of the nonblocking `listener`, blocking and close-on-exec; nothing if there is none, or
/// if it is gone already. `name` is for the error. `peer`, if given, has room for `peer_size` bytes of its address.
Result<std::optional<UniqueFd>> accept_connection(int listener, std::string_view name, sockaddr* peer = nullptr,
                                                  socklen_t peer_size = 0);

}  // namespace stapsh::sys
