// SPDX-License-Identifier: Apache-2.0
#include "sys/accept.h"

#include <cerrno>

namespace stapsh::sys {

Result<std::optional<UniqueFd>> accept_connection(int listener, std::string_view name, sockaddr* peer,
                                                  socklen_t peer_size) {
  for (;;) {
    socklen_t size = peer_size;
    const int fd = ::accept4(listener, peer, peer ? &size : nullptr, SOCK_CLOEXEC);
    if (fd >= 0) return std::optional<UniqueFd>(fd);
    if (errno == EAGAIN) return std::optional<UniqueFd>();
    if (errno != EINTR && errno != ECONNABORTED) return fail_errno(name, errno);
  }
}

}  // namespace stapsh::sys
