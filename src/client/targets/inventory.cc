// SPDX-License-Identifier: Apache-2.0
#include "client/targets/inventory.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/shown_text.h"

namespace stapsh::client {
namespace {

namespace dom = simdjson::dom;

auto no_inventory(std::string_view reason) {
  return fail(Errc::kUsage, fmt::format("what ansible-inventory prints is no inventory: {}", reason));
}

Result<std::vector<std::string>> read_names(dom::object group, const char* key) {
  std::vector<std::string> names;
  const auto value = group[key];
  if (value.error() == simdjson::NO_SUCH_FIELD) return names;
  dom::array array;
  if (value.get(array) != simdjson::SUCCESS) return no_inventory(fmt::format("{} is no list", key));
  for (const dom::element element : array) {
    std::string_view name;
    if (element.get(name) != simdjson::SUCCESS) return no_inventory(fmt::format("{} has what is no name", key));
    names.emplace_back(name);
  }
  return names;
}

/// The first of `names` that has a value, as text: ports are numbers or text, as the file's format had it.
std::string read_variable(dom::object variables, const std::array<const char*, 2>& names) {
  for (const char* const name : names) {
    dom::element value;
    if (variables[name].get(value) != simdjson::SUCCESS || value.is_null()) continue;
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(value);
  }
  return {};
}

Inventory::Host read_host(dom::object variables) {
  // The second spelling is ansible's before 2.0; it still takes it.
  return {read_variable(variables, {"ansible_host", "ansible_ssh_host"}),
          read_variable(variables, {"ansible_user", "ansible_ssh_user"}),
          read_variable(variables, {"ansible_port", "ansible_ssh_port"}),
          read_variable(variables, {"ansible_connection", "ansible_connection"})};
}

}  // namespace

std::vector<std::string> Inventory::members(std::string_view group) const {
  std::vector<std::string> found;
  std::set<std::string_view> seen_groups, seen_hosts;
  std::vector<std::string_view> waiting{group};  // The last one is next.
  while (!waiting.empty()) {
    const std::string_view name = waiting.back();
    waiting.pop_back();
    const auto it = groups.find(name);
    if (it == groups.end() || !seen_groups.insert(name).second) continue;
    for (const std::string& host : it->second.hosts) {
      if (seen_hosts.insert(host).second) found.push_back(host);
    }
    waiting.insert(waiting.end(), it->second.children.rbegin(), it->second.children.rend());
  }
  return found;
}

Result<Inventory> parse_inventory(std::string_view json) {
  dom::parser parser;
  dom::object top;
  if (const auto error = parser.parse(json.data(), json.size()).get(top); error != simdjson::SUCCESS) {
    return no_inventory(simdjson::error_message(error));
  }
  Inventory inventory;
  for (const auto& [name, value] : top) {
    dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return no_inventory(fmt::format("{} is no object", name));
    if (name == "_meta") continue;
    Inventory::Group& group = inventory.groups[std::string(name)];
    group.hosts = TRY(read_names(object, "hosts"));
    group.children = TRY(read_names(object, "children"));
    for (const std::string& host : group.hosts) inventory.hosts[host];
  }
  dom::object variables;
  if (top["_meta"]["hostvars"].get(variables) != simdjson::SUCCESS) return inventory;
  for (const auto& [name, value] : variables) {
    dom::object object;
    if (value.get(object) == simdjson::SUCCESS) inventory.hosts[std::string(name)] = read_host(object);
  }
  return inventory;
}

Result<NamedAddress> inventory_target(const Inventory& inventory, const std::string& name) {
  static constexpr std::array<std::string_view, 4> kOverSsh{"", "ssh", "smart", "paramiko"};
  const Inventory::Host& host = inventory.hosts.at(name);
  if (const std::string control = spelled_control(name); !control.empty()) {
    return fail(Errc::kUsage, fmt::format("inventory host {}: the control character {} can't be part of a name",
                                          shown_text(name, 200), control));
  }
  const auto bad_host = [&](std::string_view reason) {
    return fail(Errc::kUsage,
                fmt::format("inventory host {}: {}; leave it out: --limit='all:!{}'", name, reason, name));
  };
  for (const std::string& value : {host.address, host.user, host.port, host.connection}) {
    // ansible-inventory prints them as they are; only ansible itself, with all of its variables, can fill them in.
    if (value.find("{{") != std::string::npos) return bad_host(fmt::format("'{}' is a template", value));
  }
  if (host.connection == "local" || host.connection == "ansible.builtin.local") return NamedAddress{"stapsh:", name};
  std::string_view connection = host.connection;
  if (connection.starts_with("ansible.builtin.")) connection.remove_prefix(std::string_view("ansible.builtin.").size());
  if (std::ranges::find(kOverSsh, connection) == kOverSsh.end()) {
    return bad_host(fmt::format("ansible_connection={} is no way to an agent", host.connection));
  }
  std::string address = host.address.empty() ? name : host.address;
  if (!host.port.empty() && address.find(':') != std::string::npos) address = fmt::format("[{}]", address);
  if (!host.user.empty()) address = fmt::format("{}@{}", host.user, address);
  if (!host.port.empty()) address = fmt::format("{}:{}", address, host.port);
  return NamedAddress{std::move(address), name};
}

}  // namespace stapsh::client
