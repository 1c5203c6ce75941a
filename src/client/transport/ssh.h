// SPDX-License-Identifier: Apache-2.0
// A command on another machine, by the person's own ssh.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/options/rstap_options.h"
#include "client/targets/remote_uri.h"
#include "client/transport/transport.h"

namespace stapsh::client {

/// `text` as one word of any login shell, also of csh and fish.
std::string single_quoted(std::string_view text);

/// Starts ssh, which runs `command` there. `targets`: how many connections there are in all.
Result<Connection> open_ssh(const SshUri& uri, const ReachOptions& options, const std::string& command,
                            std::size_t targets);

}  // namespace stapsh::client
