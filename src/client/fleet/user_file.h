// SPDX-License-Identifier: Apache-2.0
// users.conf, which nats-server's configuration includes: who may connect, and what each may say and hear. It is made
// of the members and read back to them, so there is no second list that could say otherwise. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/fleet/member.h"

namespace stapsh::client {

/// `site` is a name. Permissions are the least that docs/fleet.md's wire needs.
std::string format_users(std::string_view site, const std::vector<Member>& members);

/// kUsage: `LINE: REASON`.
Result<std::vector<Member>> parse_users(std::string_view text);

}  // namespace stapsh::client
