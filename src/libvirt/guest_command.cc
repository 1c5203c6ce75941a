// SPDX-License-Identifier: Apache-2.0
#include "libvirt/guest_command.h"

#include <algorithm>
#include <chrono>

#include "libvirt/session_port.h"

namespace stapsh::libvirt {
namespace {

using namespace std::chrono_literals;

/// What stays with the domain: of one that is not defined anywhere, what it has now.
Result<std::vector<Port>> permanent_ports(const Domain& domain) {
  DomainPorts found = TRY(domain.ports(domain.is_persistent() ? Scope::kDefined : Scope::kLive));
  std::vector<Port> ports = std::move(found.ports);
  std::erase_if(ports, [](const Port& port) { return port.for_session; });
  return ports;
}

std::optional<Port> with_number(const std::vector<Port>& ports, unsigned number) {
  const auto found = std::ranges::find(ports, number, &Port::number);
  return found == ports.end() ? std::nullopt : std::optional(*found);
}

Result<std::string> list(Connection& connection) {
  struct Row {
    std::string name, state, ports;
  };
  std::vector<Row> rows;
  const std::vector<Domain> domains = TRY(connection.domains());
  for (const Domain& domain : domains) {
    // One that has just gone is no reason not to list the others.
    const Result<std::string> state = domain.state();
    const Result<std::vector<Port>> ports = permanent_ports(domain);
    if (state && ports) rows.push_back({domain.name(), *state, std::to_string(ports->size())});
  }
  std::ranges::sort(rows, {}, &Row::name);
  std::string text;
  for (const Row& row : rows) text += row.name + "\t" + row.state + "\t" + row.ports + "\n";
  return text;
}

Result<std::string> query(const Domain& domain) {
  const bool active = domain.is_active();
  const DomainPorts now = TRY(domain.ports(active ? Scope::kLive : Scope::kDefined));
  const std::vector<Port> permanent = TRY(permanent_ports(domain));
  const std::string uuid = TRY(domain.uuid());
  const std::string state = TRY(domain.state());
  const auto for_sessions = std::ranges::count(now.ports, true, &Port::for_session);
  const std::string obstacle = hotplug_obstacle(now);
  return "Name: " + domain.name() + "\nUUID: " + uuid + "\nState: " + state +
         "\nPermanent ports: " + std::to_string(permanent.size()) +
         "\nPorts of sessions: " + std::to_string(for_sessions) +
         "\nHotplug: " + (obstacle.empty() ? "supported" : "not supported: " + obstacle) + "\n";
}

Result<std::string> port_list(const Domain& domain) {
  DomainPorts live;
  if (domain.is_active()) live = TRY(domain.ports(Scope::kLive));
  const std::vector<Port> permanent = TRY(permanent_ports(domain));
  std::string text;
  for (const Port& port : permanent) {
    std::string path = port.path;
    if (const auto running = with_number(live.ports, port.number)) path = running->path;
    text += port.name() + "\t" + (path.empty() ? "-" : path) + "\n";
  }
  return text;
}

Result<std::string> port_add(Domain& domain, const std::optional<std::string>& directory) {
  const bool persistent = domain.is_persistent();
  const bool active = domain.is_active();
  DomainPorts defined;
  if (persistent) defined = TRY(domain.ports(Scope::kDefined));
  DomainPorts live;
  if (active) live = TRY(domain.ports(Scope::kLive));
  Port port;
  port.number = free_number(live, defined);
  std::optional<std::string> path;
  if (directory) path = *directory + "/" + domain.name() + "." + port.name() + ".sock";
  const std::string xml = port_xml(port.number, false, path);
  const std::string context = "domain " + domain.name() + ": a port can't be added";
  if (persistent) {
    const Result<> plugged = domain.plug(xml, Scope::kDefined);
    if (!plugged) return add_context(context, plugged.error());
  }
  const std::string added = port.name() + " was added to ";
  if (!active) return added + "the definition of " + domain.name() + "\n";
  std::string obstacle = hotplug_obstacle(live);
  if (obstacle.empty()) {
    const Result<> plugged = domain.plug(xml, Scope::kLive);
    if (!plugged && !persistent) return add_context(context, plugged.error());
    if (!plugged) obstacle = plugged.error().what;
  } else if (!persistent) {
    return add_context(context, Error{Errc::kSystem, obstacle});
  }
  if (!persistent) return added + domain.name() + ", which runs, and is not defined to be started again\n";
  if (obstacle.empty()) return added + "the definition of " + domain.name() + ", and to it as it runs\n";
  return added + "the definition of " + domain.name() +
         "; shut it down and start it, for it can't be added now: " + obstacle + "\n";
}

/// Only while nobody uses it; what to say of it.
std::string remove_live(Domain& domain, const Port& port) {
  const Result<std::optional<Channel>> channel = open_if_free(domain, port);
  if (channel && *channel) {
    const Result<> unplugged = domain.unplug(port, Scope::kLive);
    return unplugged ? ", and from it as it runs" : "; while it runs it stays: " + unplugged.error().what;
  }
  return "; while it runs it stays: " + (channel ? "somebody uses it" : channel.error().what);
}

Result<std::string> port_remove(Domain& domain) {
  std::string text;
  const bool active = domain.is_active();
  if (active) {
    const unsigned stale = TRY(remove_stale_ports(domain, 0s));
    if (stale > 0) text = std::to_string(stale) + " port(s) of dead sessions were removed\n";
  }
  const std::vector<Port> permanent = TRY(permanent_ports(domain));
  if (permanent.empty()) {
    if (!text.empty()) return text;
    return fail(Errc::kUsage, "domain " + domain.name() + " has no permanent port to remove");
  }
  const Port& last = permanent.back();
  const bool persistent = domain.is_persistent();
  if (persistent) TRY(domain.unplug(last, Scope::kDefined));
  DomainPorts live;
  if (active) live = TRY(domain.ports(Scope::kLive));
  const std::optional<Port> running = with_number(live.ports, last.number);
  text += last.name() + (persistent ? " was removed from the definition of " : " of ") + domain.name();
  if (running) text += remove_live(domain, *running);
  return text + "\n";
}

}  // namespace

Result<std::string> run_guest_command(const GuestOptions& options) {
  if (options.action == GuestAction::kHelp) return guest_help();
  Connection connection = TRY(Connection::open(options.connection));
  if (options.action == GuestAction::kList) return list(connection);
  Domain domain = TRY(connection.find(options.domain));
  switch (options.action) {
    case GuestAction::kQuery:
      return query(domain);
    case GuestAction::kPortList:
      return port_list(domain);
    case GuestAction::kPortAdd:
      return port_add(domain, options.directory);
    case GuestAction::kPortRemove:
      return port_remove(domain);
    case GuestAction::kHelp:
    case GuestAction::kList:
      break;
  }
  return std::string();
}

}  // namespace stapsh::libvirt
