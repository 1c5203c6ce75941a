// SPDX-License-Identifier: Apache-2.0
#include "libvirt/session_port.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "sys/clock.h"
#include "sys/unix_socket.h"

namespace stapsh::libvirt {
namespace {

using namespace std::chrono_literals;

// How often another run may be faster, before we give up.
constexpr int kTries = 10;
constexpr Duration kPause = 50ms;

/// Those first where an agent listens, and of these the ones that were there before us.
std::vector<Port> by_preference(std::vector<Port> ports) {
  std::ranges::stable_sort(ports, {},
                           [](const Port& port) { return (port.guest_listens ? 0 : 2) + (port.for_session ? 1 : 0); });
  return ports;
}

/// Of a session that is dead, if it can be opened.
bool remove_if_stale(Domain& domain, const Port& port) {
  const Result<std::optional<Channel>> channel = open_if_free(domain, port);
  return channel && *channel && domain.unplug(port, Scope::kLive).has_value();
}

/// A port that was there before us, if it is free. qemu forgets to tell a guest of a client that goes while the guest
/// is paused: the port counts as connected, and what the guest writes is held back, from the next client as well. Only
/// the end of another client sets that right, so we are two.
Result<std::optional<Channel>> open_afresh(Domain& domain, const Port& port) {
  Result<std::optional<Channel>> first = open_if_free(domain, port);
  if (!first || !*first) return first;
  (*first)->finish();
  return domain.open_channel(port);  // qemu may not have seen yet that the first one is gone.
}

// What to do comes before libvirt's own words, which can be long.
std::string no_port(const Domain& domain, const DomainPorts& live, const std::string& obstacle) {
  const std::string name = domain.name();
  const std::string advice = "say rstap guest port-add " + name + ", then shut it down and start it";
  const std::string why = "; none can be added while it runs: " + obstacle;
  if (live.ports.empty()) return "domain " + name + " has no port org.systemtap.stapsh.N; " + advice + why;
  return "domain " + name + ": all its ports are busy (" + std::to_string(live.ports.size()) +
         "); try again later, or " + advice + why;
}

/// Plugs one and opens it. Nothing: another run took its number, or the port itself.
Result<std::optional<SessionPort>> plug_port(Domain& domain, const DomainPorts& live) {
  DomainPorts defined;
  if (domain.is_persistent()) defined = TRY(domain.ports(Scope::kDefined));
  const unsigned number = free_number(live, defined);
  const Result<> plugged = domain.plug(port_xml(number, true), Scope::kLive);
  const DomainPorts after = TRY(domain.ports(Scope::kLive));
  const auto port = std::ranges::find(after.ports, number, &Port::number);
  if (!plugged) {
    if (port == after.ports.end()) return fail(Errc::kSystem, no_port(domain, live, plugged.error().what));
    return std::optional<SessionPort>();
  }
  if (port == after.ports.end()) return std::optional<SessionPort>();
  Result<std::optional<Channel>> channel = domain.open_channel(*port);
  if (!channel) {
    (void)domain.unplug(*port, Scope::kLive);  // Nobody can use it; why not is what matters.
    return fail(channel.error());
  }
  if (!*channel) return std::optional<SessionPort>();
  return std::optional<SessionPort>(SessionPort{**std::move(channel), *port});
}

}  // namespace

// Libvirt knows nothing of who uses the socket by its path: it would connect, and wait in silence.
Result<std::optional<Channel>> open_if_free(Domain& domain, const Port& port) {
  if (sys::has_connection(port.path)) return std::optional<Channel>();
  return domain.open_channel(port);
}

std::string hotplug_obstacle(const DomainPorts& live) {
  if (!live.is_qemu) return "it is not a qemu domain";
  if (!live.has_controller) return "it has no virtio-serial controller";
  return {};
}

Result<SessionPort> claim_port(Domain& domain) {
  for (int tries = 0; tries < kTries; ++tries) {
    const DomainPorts live = TRY(domain.ports(Scope::kLive));
    std::optional<SessionPort> claimed;
    std::optional<Error> error;
    for (const Port& port : by_preference(live.ports)) {
      if (claimed) {
        if (port.for_session) (void)remove_if_stale(domain, port);  // Whoever comes next tries again.
        continue;
      }
      Result<std::optional<Channel>> channel = open_afresh(domain, port);
      if (!channel) {
        error = channel.error();
      } else if (*channel) {
        claimed = SessionPort{**std::move(channel), port};
      }
    }
    if (claimed) return *std::move(claimed);
    const std::string obstacle = hotplug_obstacle(live);
    if (!obstacle.empty() && error) return fail(*error);
    if (!obstacle.empty()) return fail(Errc::kSystem, no_port(domain, live, obstacle));
    claimed = TRY(plug_port(domain, live));
    if (claimed) return *std::move(claimed);
    std::this_thread::sleep_for(kPause * (tries + 1));
  }
  return fail(Errc::kSystem, "domain " + domain.name() + ": each port that was added for this session was taken by " +
                                 "another one; try again");
}

Result<unsigned> remove_stale_ports(Domain& domain, Duration patience) {
  const TimePoint end = sys::deadline_after(patience);
  unsigned removed = 0;
  while (true) {
    bool left = false;
    const DomainPorts live = TRY(domain.ports(Scope::kLive));
    for (const Port& port : live.ports) {
      if (!port.for_session) continue;
      if (remove_if_stale(domain, port)) {
        ++removed;
      } else {
        left = true;
      }
    }
    if (!left || sys::now() >= end) return removed;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace stapsh::libvirt
