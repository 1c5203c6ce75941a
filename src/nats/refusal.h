// SPDX-License-Identifier: Apache-2.0
// What a broker refuses, in its own words, or in ours where it says none. Pure.
#pragma once

#include <string>
#include <string_view>

#include "nats/connection.h"

namespace stapsh::nats {

/// Why a connection is of no use of which the broker has said that, for a person; empty: it goes on. Who may not hear
/// what is for them would be connected, and deaf.
inline std::string refusal_to_hear(std::string_view said) {
  if (said.find("Permissions Violation for Subscription to ") == std::string_view::npos) return {};
  return "the broker does not allow us to hear what is for us: " + std::string(said) +
         "; is this key another's than the host's or client's that is said?";
}

/// Why there is no connection, where libnats has no words for it, or none that say what to do. A broker with
/// `verify: true` looks at our certificate when the handshake is over for us, and closes the connection without a word
/// where it is none of its own: we are reading then, or writing.
inline std::string explain_no_connection(const std::string& said, const Settings& settings) {
  const auto has_said = [&](std::string_view text) { return said.find(text) != std::string::npos; };
  if (has_said("Authorization Violation")) {
    if (settings.nkey_file.empty()) return said + (settings.credentials_file.empty() ? ": it wants a key (nkey)" : "");
    return said +
           ": it does not know our key; one that was made a moment ago it knows when it has read its users.conf "
           "again (nats-server --signal reload)";
  }
  if (has_said("No server available")) {
    return said + ": nobody answers there; does nats-server run, and are host and port those where it listens?";
  }
  if (has_said("Secure Connection not available")) return said + ": that broker has no TLS, or is another one";
  const bool is_closed =
      has_said("Expected 'PONG', got ''") || has_said("SSL_write error: (null)") || has_said("SSL_read error: (null)");
  if (!settings.tls || !is_closed) return said;
  const std::string closed = "it closed the connection at the end of the TLS handshake, ";
  if (settings.certificate_file.empty()) {
    return closed +
           "and most likely wants a certificate of ours (verify: true); name one as certificate and key, beside ca: in "
           "link.toml for stapsh-link, in the table [nats.SITE] for rstap";
  }
  return closed + "and most likely does not trust our certificate " + settings.certificate_file +
         ": who has signed that must be in the broker's ca_file";
}

}  // namespace stapsh::nats
