// SPDX-License-Identifier: Apache-2.0
// The ports of a libvirt domain, as its XML describes them. Pure. Source: libvirt's "Domain XML format", channels.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::libvirt {

/// A virtio-serial port named org.systemtap.stapsh.NUMBER: where an agent in the guest listens.
struct Port {
  unsigned number = 0;
  std::string path;            ///< Of its socket on the host; empty: libvirt chooses one when the domain starts.
  bool guest_listens = false;  ///< Something in the guest has opened it; known of a running domain.
  bool for_session = false;    ///< Plugged by an rstap for one session, and to be removed after it.
  std::string xml;             ///< The whole device, as libvirt wants it back to unplug it.

  [[nodiscard]] std::string name() const;
  bool operator==(const Port&) const = default;
};

struct DomainPorts {
  std::vector<Port> ports;        ///< By number.
  bool has_controller = false;    ///< A virtio-serial controller: without one nothing can be plugged.
  bool is_qemu = false;           ///< qemu or kvm: others have no such ports.
  std::vector<unsigned> numbers;  ///< All that are taken, also by channels that are not unix sockets.
};

/// kPeer: not the XML of a domain.
Result<DomainPorts> read_ports(std::string_view domain_xml);

/// The lowest number that none of them has.
unsigned free_number(const DomainPorts& live, const DomainPorts& defined);

/// The device to plug. `path`: where its socket shall be; none: libvirt chooses. `for_session` marks it, for us and
/// for whoever finds it after us: an alias that users may choose begins with "ua-".
std::string port_xml(unsigned number, bool for_session, const std::optional<std::string>& path = std::nullopt);

}  // namespace stapsh::libvirt
