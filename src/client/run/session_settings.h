// SPDX-License-Identifier: Apache-2.0
// What a session is told of the options.
#pragma once

#include <string>

#include "client/options/rstap_options.h"
#include "session/client_session.h"

namespace stapsh::client {

/// `session`: what its agent shall call it. `sweep_only`: nothing is run, it asks after that session. What depends on
/// the transport is not in it.
ClientSettings session_settings(const RstapOptions& options, const std::string& session, bool sweep_only);

}  // namespace stapsh::client
