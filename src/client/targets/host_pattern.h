// SPDX-License-Identifier: Apache-2.0
// Which hosts of an inventory are meant: a pattern as of ansible's --limit. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/targets/inventory.h"

namespace stapsh::client {

/// Names of hosts and groups, joined by ':' or ','; `*`, `?` and [abc] stand for parts of them; !NAME leaves out, &NAME
/// keeps what is in it as well; NAME[0], NAME[1:3] and NAME[-1] are some of a group. Those with ! and & come last,
/// wherever they stand, as with ansible. Hosts are in the inventory's order, each once. kUsage: a name that is neither
/// a host nor a group (ansible only warns), a regular expression (~), or no host at all.
Result<std::vector<std::string>> match_hosts(const Inventory& inventory, std::string_view pattern);

}  // namespace stapsh::client
