// SPDX-License-Identifier: Apache-2.0
// How a process of this folder connects.
#pragma once

#include <string>
#include <vector>

#include "broker/subjects.h"
#include "client/relay/words.h"
#include "nats/connection.h"

namespace stapsh::client {

/// `purpose`: for whoever looks at the broker's connections.
inline nats::Settings broker_settings(const NamedSite& site, const std::string& purpose,
                                      std::vector<std::string> subscriptions) {
  nats::Settings settings;
  settings.servers = site.settings.servers;
  settings.tls = site.settings.tls;
  settings.ca_file = site.settings.ca;
  settings.certificate_file = site.settings.certificate;
  settings.key_file = site.settings.key;
  settings.nkey_file = site.settings.nkey;
  settings.credentials_file = site.settings.credentials;
  settings.name = "rstap " + purpose + " of " + site.settings.client;
  settings.inbox_prefix = std::string(broker::kInboxes) + site.settings.client;
  settings.subscriptions = std::move(subscriptions);
  return settings;
}

}  // namespace stapsh::client
