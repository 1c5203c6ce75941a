// SPDX-License-Identifier: Apache-2.0
// stapsh-link's work: sessions that come through a broker, each with an agent of its own. What goes over the wire is in
// docs/fleet.md.
#pragma once

#include "base/result.h"
#include "link/configuration.h"

namespace stapsh::link {

/// What serve() would say of a configuration without a connection: a key, a certificate, no libnats.
Result<> check(Configuration configuration);

/// Until a signal asks for the end: then each session is ended and its client told, and the agents have tidied up. An
/// Error: it can't begin (no policy, no libnats, a name that is none). That there is no broker is none: it is tried for
/// ever. Not to be returned from into anything that ends threads: end by _exit(2).
Result<int> serve(Configuration configuration);

}  // namespace stapsh::link
