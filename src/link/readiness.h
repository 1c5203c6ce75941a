// SPDX-License-Identifier: Apache-2.0
// Type=notify of systemd's services, without its library.
#pragma once

#include <string>

namespace stapsh::link {

/// Before there are threads: takes NOTIFY_SOCKET out of the environment, since it is not for the agents. Empty: nobody
/// asks.
std::string take_ready_socket();
/// Says READY=1 there.
void say_ready(const std::string& path);

}  // namespace stapsh::link
