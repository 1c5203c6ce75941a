// SPDX-License-Identifier: Apache-2.0
// Which transport an address means: a line for each, which its own file defines.
#pragma once

#include <memory>

#include "base/overloaded.h"
#include "client/targets/remote_uri.h"
#include "client/transport/nats_relay.h"
#include "client/transport/transport.h"

namespace stapsh::client {

std::unique_ptr<Transport> make_transport(const SshUri& uri);
std::unique_ptr<Transport> make_transport(const UnixUri& uri);
std::unique_ptr<Transport> make_transport(const LocalUri& uri);
std::unique_ptr<Transport> make_transport(const ExecUri& uri);
std::unique_ptr<Transport> make_transport(const LibvirtUri& uri);
std::unique_ptr<Transport> make_transport(const VsockUri& uri);
std::unique_ptr<Transport> make_transport(const NatsUri& uri, NatsRelays& relays);
inline std::unique_ptr<Transport> make_transport(const DirectUri&) { return nullptr; }

/// The way to the agent at `uri`; null where there is none, since the runner is to be our own child. `relays` is lent.
inline std::unique_ptr<Transport> transport_to(const RemoteUri& uri, NatsRelays& relays) {
  return std::visit(Overloaded{[&](const NatsUri& address) { return make_transport(address, relays); },
                               [](const auto& address) { return make_transport(address); }},
                    uri.address);
}

}  // namespace stapsh::client
