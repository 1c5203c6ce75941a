// SPDX-License-Identifier: Apache-2.0
// Signals to a child of ours and to what it has started.
#pragma once

#include <sys/types.h>

#include "sys/child.h"

namespace stapsh::client {

/// To all that live in the session `id`, that of a child of ours which is not reaped: else it could be others' by now.
void signal_session(pid_t id, int signo);

/// SIGKILL to all of them; who is forking meanwhile leaves nobody.
void kill_session(pid_t id);

/// SIGKILL to the child and all that descends from it in its session; who is forking meanwhile leaves nobody. What made
/// itself independent stays: an ssh ControlPersist master, and above all an agent's guardian, which now does its work.
void kill_tree(const sys::Child& child);

}  // namespace stapsh::client
