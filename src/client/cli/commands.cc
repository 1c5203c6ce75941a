// SPDX-License-Identifier: Apache-2.0
#include "client/cli/commands.h"

#include <algorithm>
#include <array>

namespace stapsh::client {
namespace {

constexpr std::array kCommands{
    CommandEntry{"doctor", "say for each target whether a run would work, and what mends it"},
    CommandEntry{"sweep", "end and remove what dead sessions left on the targets"},
    CommandEntry{"sign", "sign programs, for targets whose policy asks for that"},
    CommandEntry{"replay", "show a recording as if it ran"},
    CommandEntry{"fleet", "hosts behind a NATS broker: their keys, and its configuration"},
    CommandEntry{"guest", "the domains of libvirt and their ports"},
    CommandEntry{"completion", "print the completions for a shell"},
};

}  // namespace

std::span<const CommandEntry> command_table() { return kCommands; }

bool is_command_name(std::string_view word) {
  return std::ranges::any_of(kCommands, [&](const CommandEntry& each) { return each.name == word; });
}

}  // namespace stapsh::client
