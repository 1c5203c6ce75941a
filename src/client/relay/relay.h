// SPDX-License-Identifier: Apache-2.0
// The way to all targets of a site, as a process of its own: one connection to the broker, and for each session a
// socket that rstap has the other end of. It knows bytes and messages, not what is said in a session. Why a process:
// libnats has threads, and calls that wait for a broker (docs/adr/0007-libvirt-in-a-child.md is about the same).
#pragma once

#include <signal.h>

#include <span>
#include <string>

#include "base/result.h"

namespace stapsh::client {

/// What the kernel is to send it when rstap has died: it ends within seconds then, whatever it waits for.
inline constexpr int kRelayDeathSignal = SIGUSR2;

/// Standard input is the control socket (control.h). Ends soon after its end, having told all hosts of it.
Result<int> run_nats_relay(std::span<const std::string> words);

}  // namespace stapsh::client
