// SPDX-License-Identifier: Apache-2.0
// To an agent that listens at a vsock port: of a guest, or of its host.
#include <utility>

#include "client/transport/transport_table.h"
#include "sys/vsock_socket.h"

namespace stapsh::client {
namespace {

class VsockTransport : public Transport {
 public:
  explicit VsockTransport(const VsockUri& uri) : address_{uri.cid, uri.port} {}

  Result<Connection> open(const ReachOptions&, std::size_t) const override {
    sys::UniqueFd socket = TRY(sys::start_connecting_vsock(address_));
    return Connection{std::move(socket), {}, {}, {}, true, false};
  }

  Result<bool> connected(int fd, const ReachOptions&) const override {
    TRY(sys::vsock_connected(fd, address_));
    return true;
  }

  [[nodiscard]] std::size_t descriptors() const override { return 1; }

 private:
  sys::VsockAddress address_;
};

}  // namespace

std::unique_ptr<Transport> make_transport(const VsockUri& uri) { return std::make_unique<VsockTransport>(uri); }

}  // namespace stapsh::client
