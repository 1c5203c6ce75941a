// SPDX-License-Identifier: Apache-2.0
#include "agent/session_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "base/shown_text.h"
#include "sys/unix_socket.h"
#include "sys/vsock_socket.h"

namespace stapsh::agent {

namespace {

constexpr std::size_t kOriginBytesMax = 200;

// AF_UNSPEC: it is no socket. Nothing: that can't be told.
std::optional<int> family_of(int fd) {
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0) return family;
  return errno == ENOTSOCK ? std::optional<int>(AF_UNSPEC) : std::nullopt;
}

std::string variable(const char* name) {
  const char* const value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread.
  return value == nullptr ? std::string() : value;
}

// SSH_CONNECTION is ADDRESS PORT, and then the server's own.
std::string ssh_origin() {
  const std::string connection = variable("SSH_CONNECTION");
  return connection.empty() ? connection
                            : "ssh " + connection.substr(0, connection.find(' ', connection.find(' ') + 1));
}

}  // namespace

policy::Peer session_peer(int fd, const std::string& name) {
  policy::Peer peer{{}, {}, name};
  if (!name.empty()) return peer;
  const std::optional<int> family = family_of(fd);
  if (family == AF_UNSPEC) {
    peer.uid = ::geteuid();
  } else if (family == AF_UNIX) {
    if (const Result<uid_t> user = sys::peer_user(fd)) peer.uid = *user;
  } else if (family == AF_VSOCK) {
    if (const Result<std::uint32_t> cid = sys::vsock_peer(fd)) peer.cid = *cid;
  }
  return peer;
}

std::string session_origin(int fd, bool is_port) {
  if (is_port) return "port";
  const std::optional<int> family = family_of(fd);
  if (family == AF_VSOCK) {
    const Result<std::uint32_t> cid = sys::vsock_peer(fd);
    if (cid) return "vsock cid " + std::to_string(*cid);
  }
  // sshd without a terminal has a socket for standard input as well: what it says comes first.
  std::string origin = ssh_origin();
  const std::string sudo = variable("SUDO_USER");
  if (!sudo.empty()) origin += (origin.empty() ? "sudo " : ", sudo ") + sudo;
  if (!origin.empty()) return shown_text(origin, kOriginBytesMax);
  ucred peer{};
  socklen_t size = sizeof peer;
  if (family == AF_UNIX && ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
    return "unix pid " + std::to_string(peer.pid);
  }
  return "parent pid " + std::to_string(::getppid());
}

}  // namespace stapsh::agent
