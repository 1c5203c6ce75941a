// SPDX-License-Identifier: Apache-2.0
#include "sys/vsock_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

// Wants what <sys/socket.h> declares, in libc's headers for some machines.
#include <linux/vm_sockets.h>

#include <cerrno>
#include <utility>

#include "sys/accept.h"

namespace stapsh::sys {
namespace {

static_assert(kVsockCidLocal == VMADDR_CID_LOCAL);
static_assert(kVsockCidHost == VMADDR_CID_HOST);
static_assert(kVsockCidAny == VMADDR_CID_ANY);
static_assert(kVsockPortMax == VMADDR_PORT_ANY - 1);

template <typename Generic>
Generic* generic(auto& address) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls are made.
  return reinterpret_cast<Generic*>(&address);
}

sockaddr_vm vsock_address(VsockAddress from) {
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = from.cid;
  address.svm_port = from.port;
  return address;
}

// What the bare errno does not tell.
std::string_view listening_advice(int error) {
  if (error == EACCES) return "; ports below 1024 are root's: take a higher one";
  if (error == EADDRINUSE) return "; somebody listens there already: take another port";
  if (error == EAFNOSUPPORT) return "; this kernel has no vsock: load its module (modprobe vsock)";
  return {};
}

auto fail_listening(std::uint32_t port, int error) {
  Error why = fail_errno("vsock:" + std::to_string(port), error).value();
  why.what += listening_advice(error);
  return fail(std::move(why));
}

auto fail_connecting(VsockAddress to, int error) {
  if (error == ECONNRESET) error = ECONNREFUSED;  // What a port without a listener gives here.
  Error why = fail_errno(to_string(to), error).value();
  why.what += vsock_advice(to, error);
  return fail(std::move(why));
}

}  // namespace

std::string to_string(VsockAddress address) {
  return "vsock:" + std::to_string(address.cid) + ":" + std::to_string(address.port);
}

std::string_view vsock_advice(VsockAddress address, int sys_errno) {
  switch (sys_errno) {
    case EAFNOSUPPORT:
    case ENODEV:
    case ENETUNREACH:
      if (address.cid == kVsockCidLocal) return "; modprobe vsock_loopback first";
      return "; no such guest, or no vsock to guests here: modprobe vhost_vsock, and give the guest a device with this "
             "CID";
    case ECONNREFUSED:
      return "; nobody listens there: start 'stapsh --listen vsock:PORT' in the guest";
    case ETIMEDOUT:
      return "; the guest does not answer";
    default:
      return {};
  }
}

Result<UniqueFd> listen_vsock(std::uint32_t port) {
  UniqueFd fd(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fail_listening(port, errno);
  const sockaddr_vm address = vsock_address({kVsockCidAny, port});
  if (::bind(fd.get(), generic<const sockaddr>(address), sizeof address) != 0) return fail_listening(port, errno);
  if (::listen(fd.get(), kListenBacklog) != 0) return fail_listening(port, errno);
  return fd;
}

Result<std::uint32_t> vsock_peer(int fd) {
  sockaddr_vm peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(fd, generic<sockaddr>(peer), &size) != 0) return fail_errno("vsock", errno);
  if (peer.svm_family != AF_VSOCK) return fail(Errc::kSystem, "vsock: the other end has no CID");
  return peer.svm_cid;
}

Result<std::optional<VsockConnection>> accept_vsock(int listener) {
  sockaddr_vm peer{};
  auto fd = TRY(accept_connection(listener, "vsock", generic<sockaddr>(peer), sizeof peer));
  if (!fd) return std::optional<VsockConnection>();
  return std::optional(VsockConnection{*std::move(fd), {peer.svm_cid, peer.svm_port}});
}

Result<UniqueFd> start_connecting_vsock(VsockAddress to) {
  UniqueFd fd(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fail_connecting(to, errno);
  const timeval day{.tv_sec = 86'400, .tv_usec = 0};
  // A kernel that refuses keeps its own limit.
  (void)::setsockopt(fd.get(), AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &day, sizeof day);
  const sockaddr_vm address = vsock_address(to);
  if (::connect(fd.get(), generic<const sockaddr>(address), sizeof address) != 0 && errno != EINPROGRESS) {
    return fail_connecting(to, errno);
  }
  return fd;
}

Result<> vsock_connected(int fd, VsockAddress address) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return fail_connecting(address, error);
  return {};
}

}  // namespace stapsh::sys
