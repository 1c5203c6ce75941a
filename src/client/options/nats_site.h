// SPDX-License-Identifier: Apache-2.0
// How a site's broker is reached: nats://SITE/HOST names the site. See docs/fleet.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::client {

struct NatsSite {
  std::vector<std::string> servers;  ///< nats://HOST[:PORT], tls://…; one of them is enough.
  std::string client;                ///< Who traces, as the broker's permissions name them; empty: our user's name.
  bool tls = true;                   ///< With verification.
  /// Paths; empty: none. Of the seed of an NKey; or of NATS's credentials.
  std::string nkey, credentials;
  std::string ca;                                ///< Who has signed the servers; empty: whom the system trusts.
  std::string certificate, key;                  ///< Of ours, for a broker that asks for one.
  std::uint64_t pool = std::uint64_t{16} << 20;  ///< Bytes that all sessions together may have on their way to us.
  bool operator==(const NatsSite&) const = default;
};

using NatsSites = std::map<std::string, NatsSite, std::less<>>;

/// Takes SITE.KEY=VALUE, as --nats and [nats.SITE] have it. Several servers have commas between them. kUsage says what
/// is wrong, and which keys there are.
Result<> take_nats_setting(NatsSites& sites, std::string_view text);

/// As take_nats_setting() takes them: all that the site has.
std::vector<std::string> nats_settings(std::string_view name, const NatsSite& site);

/// The site, whose settings are enough to connect. kUsage says which one is missing, and where it belongs.
Result<const NatsSite*> find_nats_site(const NatsSites& sites, std::string_view name);

}  // namespace stapsh::client
