// SPDX-License-Identifier: Apache-2.0
// Unix sockets that keep packets whole (SOCK_SEQPACKET), under a name that no file has: nothing of it is left, however
// its owner ends. Source: unix(7), "Abstract sockets". Whoever finds the name may connect: ask peer_user().
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// Listens under `name`, nonblocking; connections are taken by accept_connection().
Result<UniqueFd> listen_packets(std::string_view name);
/// Connects; the descriptor is blocking.
Result<UniqueFd> connect_packets(std::string_view name);

/// All of `packet`, without waiting; a full socket is an Error. Raises no SIGPIPE.
Result<> send_packet(int fd, std::string_view packet);
/// The next packet, without waiting; what does not fit into `buffer` is lost.
Result<IoResult> receive_packet(int fd, std::span<char> buffer);

}  // namespace stapsh::sys
