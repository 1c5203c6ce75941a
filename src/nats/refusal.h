// SPDX-License-Identifier: Apache-2.0
// What a broker refuses, in its own words. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stapsh::nats {

/// Why a connection is of no use of which the broker has said that, for a person; empty: it goes on. Who may not hear
/// what is for them would be connected, and deaf.
inline std::string refusal_to_hear(std::string_view said) {
  if (said.find("Permissions Violation for Subscription to ") == std::string_view::npos) return {};
  return "the broker does not allow us to hear what is for us: " + std::string(said);
}

}  // namespace stapsh::nats
