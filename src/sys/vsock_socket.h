// SPDX-License-Identifier: Apache-2.0
// AF_VSOCK stream sockets, vsock(7): between a host and its guests without a network. No call here waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

constexpr std::uint32_t kVsockCidLocal = 1;           ///< This machine itself, where vsock_loopback is loaded.
constexpr std::uint32_t kVsockCidHost = 2;            ///< The machine that runs this guest.
constexpr std::uint32_t kVsockCidAny = 0xffff'ffff;   ///< No address: every one.
constexpr std::uint32_t kVsockPortMax = 0xffff'fffe;  ///< The one above is no port.

/// A machine's end: its context identifier, and a port there.
struct VsockAddress {
  std::uint32_t cid = 0, port = 0;
  bool operator==(const VsockAddress&) const = default;
};

/// `vsock:CID:PORT`.
std::string to_string(VsockAddress address);

/// Listens at `port`, nonblocking, for peers of any CID.
Result<UniqueFd> listen_vsock(std::uint32_t port);

struct VsockConnection {
  UniqueFd fd;  ///< Blocking and close-on-exec.
  VsockAddress peer;
};

/// The CID of the other end of a connected socket.
Result<std::uint32_t> vsock_peer(int fd);

/// The next waiting connection; nothing if there is none, or if it is gone already.
Result<std::optional<VsockConnection>> accept_vsock(int listener);

/// Begins to connect; the descriptor is nonblocking. Once poll(2) finds it writable, vsock_connected() tells. How long
/// that may take is the caller's to bound: the kernel's own limit of two seconds is lifted.
Result<UniqueFd> start_connecting_vsock(VsockAddress address);

/// Whether what start_connecting_vsock() began at `address` has led to a connection; the Error says why not, and what
/// to do.
Result<> vsock_connected(int fd, VsockAddress address);

/// What to do about a connection to `address` that failed with `sys_errno`: `; …`, or nothing where the errno says it
/// all.
std::string_view vsock_advice(VsockAddress address, int sys_errno);

}  // namespace stapsh::sys
