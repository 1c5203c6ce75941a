// SPDX-License-Identifier: Apache-2.0
// Type=notify of systemd's services, without its library.
#pragma once

namespace stapsh::link {

/// Before there are threads: says READY=1 where NOTIFY_SOCKET asks for it, and takes that out of the environment: it is
/// not for the agents.
void say_ready();

}  // namespace stapsh::link
