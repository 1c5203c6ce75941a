// SPDX-License-Identifier: Apache-2.0
#include "client/relay/words.h"

#include <unistd.h>

#include <iterator>
#include <limits>
#include <utility>

#include "base/parse_int.h"
#include "broker/subjects.h"
#include "sys/user_name.h"

namespace stapsh::client {
namespace {

auto not_ours() { return fail(Errc::kUsage, "these words are for rstap's own use; say --remote nats://SITE/HOST"); }

std::vector<std::string> words_of(std::string_view first, const NamedSite& site, std::vector<std::string> own) {
  std::vector<std::string> words{std::string(first), site.name};
  std::move(own.begin(), own.end(), std::back_inserter(words));
  for (std::string& setting : nats_settings(site.name, site.settings)) words.push_back(std::move(setting));
  return words;
}

/// `settings`: what words_of() put behind its own words.
Result<NamedSite> parse_site(const std::string& name, std::span<const std::string> settings) {
  NatsSites sites;
  for (const std::string& setting : settings) TRY(take_nats_setting(sites, setting));
  return name_site(sites, name);
}

}  // namespace

Result<NamedSite> name_site(const NatsSites& sites, std::string_view name) {
  NamedSite site{std::string(name), *TRY(find_nats_site(sites, name))};
  std::string& client = site.settings.client;
  if (client.empty()) client = sys::user_name(::geteuid());
  if (!broker::is_name(client)) {
    return fail(Errc::kUsage, "site " + site.name + ": '" + client +
                                  "', our user's name, can't be a client's: give [nats." + site.name +
                                  "] a client = \"NAME\" of letters, digits, '-' and '_'");
  }
  return site;
}

std::vector<std::string> to_words(const RelayWords& relay) {
  return words_of(kNatsRelayWord, relay.site, {relay.run, std::to_string(relay.targets)});
}

std::vector<std::string> to_words(const WhoWords& who) { return words_of(kNatsWhoWord, who.site, {who.selector}); }

Result<RelayWords> parse_relay_words(std::span<const std::string> words) {
  constexpr std::size_t kOwn = 3;
  if (words.size() <= kOwn || !broker::is_name(words[1])) return not_ours();
  const auto targets = TRY(parse_int<std::size_t>(words[2], 1, std::numeric_limits<std::uint32_t>::max()));
  NamedSite site = TRY(parse_site(words[0], words.subspan(kOwn)));
  return RelayWords{std::move(site), words[1], targets};
}

Result<WhoWords> parse_who_words(std::span<const std::string> words) {
  constexpr std::size_t kOwn = 2;
  if (words.size() <= kOwn) return not_ours();
  NamedSite site = TRY(parse_site(words[0], words.subspan(kOwn)));
  return WhoWords{std::move(site), words[1]};
}

}  // namespace stapsh::client
