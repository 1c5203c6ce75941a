// SPDX-License-Identifier: Apache-2.0
#include "sys/packet_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "sys/accept.h"

namespace stapsh::sys {
namespace {

struct Address {
  sockaddr_un address{};
  socklen_t size = 0;

  explicit Address(std::string_view name) {
    address.sun_family = AF_UNIX;
    // The first byte stays NUL.
    const std::size_t bytes = std::min(name.size(), sizeof address.sun_path - 1);
    std::copy_n(name.begin(), bytes, address.sun_path + 1);
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + bytes);
  }
  const sockaddr* generic() const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls are made.
    return reinterpret_cast<const sockaddr*>(&address);
  }
};

}  // namespace

Result<UniqueFd> listen_packets(std::string_view name) {
  const Address address(name);
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid() || ::bind(fd.get(), address.generic(), address.size) != 0 ||
      ::listen(fd.get(), kListenBacklog) != 0) {
    return fail_errno("cannot listen", errno);
  }
  return fd;
}

Result<UniqueFd> connect_packets(std::string_view name) {
  const Address address(name);
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail_errno("cannot make a socket", errno);
  int connected = 0;
  do connected = ::connect(fd.get(), address.generic(), address.size);
  while (connected != 0 && errno == EINTR);
  if (connected != 0) return fail_errno("cannot connect", errno);
  return fd;
}

Result<> send_packet(int fd, std::string_view packet) {
  if (::send(fd, packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT | MSG_EOR) < 0) {
    return fail_errno("cannot send", errno);
  }
  return {};
}

Result<IoResult> receive_packet(int fd, std::span<char> buffer) {
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return IoResult{.would_block = true};
  if (got < 0) return fail_errno("cannot receive", errno);
  return IoResult{.bytes = static_cast<std::size_t>(got), .end = got == 0};
}

}  // namespace stapsh::sys
