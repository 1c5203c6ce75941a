// SPDX-License-Identifier: Apache-2.0
// An inventory as ansible-inventory(1) --list prints it: hosts, the groups that they are in, and of their variables
// those that say how a host is reached. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/targets/set_algebra.h"

namespace stapsh::client {

struct Inventory {
  struct Group {
    std::vector<std::string> hosts, children;
  };
  struct Host {
    std::string address, user, port, connection;  ///< ansible_host and its kin; empty: not said.
  };
  std::map<std::string, Group, std::less<>> groups;  ///< All of them, "all" and "ungrouped" as well.
  std::map<std::string, Host, std::less<>> hosts;

  /// The hosts of a group and of the groups in it, each once, in the inventory's order.
  [[nodiscard]] std::vector<std::string> members(std::string_view group) const;
};

/// kUsage: it is no such JSON.
Result<Inventory> parse_inventory(std::string_view json);

/// The target that a host is: [USER@]HOST[:PORT], or stapsh: with ansible_connection=local; its alias is the host's
/// name. kUsage names the variable that says what rstap can't do.
Result<NamedAddress> inventory_target(const Inventory& inventory, const std::string& host);

}  // namespace stapsh::client
