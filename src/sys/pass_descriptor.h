// SPDX-License-Identifier: Apache-2.0
// Descriptors that are handed on with bytes through a unix socket. Source: unix(7), SCM_RIGHTS.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// Sends all of `bytes`, which are few and not empty, and `fd` with them; neither, if there is no room now.
Result<IoResult> send_descriptor(int socket, std::string_view bytes, int fd);

struct ReceivedDescriptor {
  IoResult io;
  UniqueFd fd;  ///< Of a stream socket's bytes it came with the last one: no read goes beyond it.
};

/// The next bytes, and the descriptor that came with them, if there is one. Never waits. `buffer` must not be empty.
Result<ReceivedDescriptor> receive_descriptor(int socket, std::span<char> buffer);

}  // namespace stapsh::sys
