// SPDX-License-Identifier: Apache-2.0
// What rstap says to itself when it starts a process of this folder.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/options/nats_site.h"

namespace stapsh::client {

/// First words of rstap's command line that are meant for this folder.
inline constexpr std::string_view kNatsRelayWord = "--nats-relay";
inline constexpr std::string_view kNatsWhoWord = "--nats-who";
/// Its exit code where what it was told is wrong: no such key, no such selector.
inline constexpr int kWhoUsage = 2;

/// A site as these processes know it: its client is not empty.
struct NamedSite {
  std::string name;
  NatsSite settings;
};

/// kUsage: as find_nats_site() has it, or our user's name can't be a client's.
Result<NamedSite> name_site(const NatsSites& sites, std::string_view name);

struct RelayWords {
  NamedSite site;
  std::string run;          ///< What this rstap's sessions are known by.
  std::size_t targets = 1;  ///< How many there are.
};
struct WhoWords {
  NamedSite site;
  std::string selector;  ///< As broker::Selector::parse() takes it.
};

std::vector<std::string> to_words(const RelayWords& relay);
std::vector<std::string> to_words(const WhoWords& who);
/// What to_words() made, without the first word.
Result<RelayWords> parse_relay_words(std::span<const std::string> words);
Result<WhoWords> parse_who_words(std::span<const std::string> words);

}  // namespace stapsh::client
