// SPDX-License-Identifier: Apache-2.0
#include "agent/session_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "sys/unix_socket.h"
#include "sys/vsock_socket.h"

namespace stapsh::agent {

policy::Peer session_peer(int fd, const std::string& name) {
  policy::Peer peer{{}, {}, name};
  if (!name.empty()) return peer;
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) {
    if (errno == ENOTSOCK) peer.uid = ::geteuid();
    return peer;
  }
  if (family == AF_UNIX) {
    if (const Result<uid_t> user = sys::peer_user(fd)) peer.uid = *user;
  } else if (family == AF_VSOCK) {
    if (const Result<std::uint32_t> cid = sys::vsock_peer(fd)) peer.cid = *cid;
  }
  return peer;
}

}  // namespace stapsh::agent
