// SPDX-License-Identifier: Apache-2.0
// First words that are commands. A script of such a name is ./NAME; an alias can't have it.
#pragma once

#include <span>
#include <string_view>

namespace stapsh::client {

struct CommandEntry {
  std::string_view name, help;
};

std::span<const CommandEntry> command_table();

/// Of those.
bool is_command_name(std::string_view word);

}  // namespace stapsh::client
