// SPDX-License-Identifier: Apache-2.0
// /etc/stapsh/link.toml: which broker, as whom, what of this host. stapsh-link(8) has the table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/selector.h"

namespace stapsh::link {

inline constexpr const char* kConfigurationFile = "/etc/stapsh/link.toml";

struct Configuration {
  std::string site;
  std::string host;  ///< Empty: this machine's name.
  std::vector<std::string> servers;
  bool tls = true;
  std::string ca, certificate, key;  ///< Files, as the two below; empty: none.
  std::string nkey, credentials;
  broker::Labels labels;
  std::uint64_t sessions_max = 64, sessions_per_client_max = 16;
  std::string stapsh;  ///< The agent; empty: the one beside this program.
};

/// kUsage names `path`, the line and the key.
Result<Configuration> parse_configuration(std::string_view text, const std::string& path);
/// The same of the file.
Result<Configuration> read_configuration(const std::string& path);

}  // namespace stapsh::link
