// SPDX-License-Identifier: Apache-2.0
// Which hosts are connected to a site's broker: nats://SITE/*.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/options/nats_site.h"

namespace stapsh::client {

/// The site of nats://SITE/*; none: `text` is something else.
std::optional<std::string_view> site_of_all(std::string_view text);

/// Their names, sorted, at least one. Asked for each time. The Error names the site; kPeer:
/// the broker was not reached, or nobody answered.
Result<std::vector<std::string>> ask_broker(const NatsSites& sites, std::string_view site, const std::string& selector);

}  // namespace stapsh::client
