// SPDX-License-Identifier: Apache-2.0
// Hosts that a command reaches, as containers and pods are: SET=exec:COMMAND. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/targets/set_algebra.h"

namespace stapsh::client {

/// What a command calls the host that it is to reach.
inline constexpr std::string_view kHostInCommand = "{host}";

/// The two sides of a value SET=exec:COMMAND; views into it.
struct HostsByCommand {
  std::string_view set, command;
  bool operator==(const HostsByCommand&) const = default;
};

/// Nothing for any other value. The first `=exec:` counts: all that follows is the command's own.
std::optional<HostsByCommand> split_hosts_by_command(std::string_view value);

/// For each of `hosts` an exec: target of its name, whose command has that name for each kHostInCommand. kUsage: a host
/// is more than a plain word of letters, digits, '.', '_' and '-' (a shell would see more in it, or a program an
/// option), or several have one command.
Result<std::vector<NamedAddress>> reach_by_command(const std::vector<NamedAddress>& hosts, std::string_view command);

}  // namespace stapsh::client
