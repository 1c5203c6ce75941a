// SPDX-License-Identifier: Apache-2.0
// What is written for a site: nats-server's configuration, what a host and a client are given, and what the folder
// remembers. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "client/fleet/member.h"

namespace stapsh::client {

/// How hosts and clients reach the broker.
struct Site {
  std::string name;
  std::string server;  ///< HOST:PORT
  bool tls = true;
  std::string ca;  ///< A file on each host and client; empty: whom their systems trust.
  bool operator==(const Site&) const = default;
};

/// What init says of the broker itself.
struct BrokerOptions {
  std::string listen;            ///< ADDRESS:PORT
  std::string certificate, key;  ///< Files; empty: to be filled in.
  bool tls = true;
  std::string folder;  ///< Where the configuration is: an absolute path.
};

/// Lines of words, for the folder's file `site`.
std::string format_site(const Site& site);
/// kUsage: `LINE: REASON`.
Result<Site> parse_site(std::string_view text);

std::string broker_configuration(const Site& site, const BrokerOptions& broker);
/// The host's /etc/stapsh/link.toml.
std::string link_configuration(const Site& site, std::string_view host);
/// A table of rstap's configuration; `seed` is an absolute path.
std::string client_configuration(const Site& site, std::string_view client, std::string_view seed);

/// Whether `text` can stand between quotes in all of these: no quote, backslash or control character.
bool is_plain_text(std::string_view text);

}  // namespace stapsh::client
