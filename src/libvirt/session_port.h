// SPDX-License-Identifier: Apache-2.0
// The port of one session: a free one that the domain has, or one that is plugged for it and removed after it.
//
// Who holds a port's channel open owns the port. Libvirt opens a channel once at a time, so two runs can't take the
// same one; and a port that was plugged for a session, and whose channel can be opened, is one whose session is dead,
// wherever and however it died. No record is kept outside of the domain.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "libvirt/connection.h"

namespace stapsh::libvirt {

struct SessionPort {
  Channel channel;
  Port port;  ///< for_session: to be unplugged at the end, while the channel is still open.
};

/// Its channel, unless somebody uses the port, through libvirt or by the path of its socket.
Result<std::optional<Channel>> open_if_free(Domain& domain, const Port& port);

/// Takes a port, and removes what dead sessions left. Errors say what to do.
Result<SessionPort> claim_port(Domain& domain);

/// Removes the ports of dead sessions; how many. One whose owner has just died is busy until libvirt sees that: it is
/// tried again until `patience` is over, and then taken for one that is in use.
Result<unsigned> remove_stale_ports(Domain& domain, Duration patience);

/// Why a session can't plug a port; empty: it can.
std::string hotplug_obstacle(const DomainPorts& live);

}  // namespace stapsh::libvirt
