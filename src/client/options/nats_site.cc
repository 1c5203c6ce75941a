// SPDX-License-Identifier: Apache-2.0
#include "client/options/nats_site.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/parse_int.h"
#include "base/shown_text.h"
#include "broker/subjects.h"

namespace stapsh::client {
namespace {

using Take = Result<> (*)(NatsSite& site, std::string_view value);

constexpr std::uint64_t kPoolMin = std::uint64_t{64} << 10, kPoolMax = std::uint64_t{1} << 30;

Result<> take_servers(NatsSite& site, std::string_view value) {
  site.servers.clear();
  while (true) {
    const std::string_view server = value.substr(0, value.find(','));
    if (server.empty()) return fail(Errc::kUsage, "a server is nats://HOST[:PORT]");
    // It would stand in the list of processes, where everybody can read it.
    if (server.find('@') != std::string_view::npos) {
      return fail(Errc::kUsage, "a server's address holds no password here; name a file by nkey or credentials");
    }
    site.servers.emplace_back(server.find("://") == std::string_view::npos ? "nats://" + std::string(server) : server);
    if (server.size() == value.size()) return {};
    value.remove_prefix(server.size() + 1);
  }
}

Result<> take_client(NatsSite& site, std::string_view value) {
  if (!broker::is_name(value)) {
    return fail(Errc::kUsage,
                fmt::format("'{}' is no name: 1 to 64 letters, digits, '-' and '_'", shown_text(value, 80)));
  }
  site.client = value;
  return {};
}

Result<> take_tls(NatsSite& site, std::string_view value) {
  if (value != "true" && value != "false") return fail(Errc::kUsage, "true or false is needed");
  site.tls = value == "true";
  return {};
}

Result<> take_pool(NatsSite& site, std::string_view value) {
  site.pool = TRY(parse_int<std::uint64_t>(value, kPoolMin, kPoolMax));
  return {};
}

template <std::string NatsSite::*kMember>
Result<> take_path(NatsSite& site, std::string_view value) {
  if (value.empty()) return fail(Errc::kUsage, "the path of a file is missing");
  site.*kMember = value;
  return {};
}

struct Key {
  std::string_view name;
  Take take;
};

constexpr std::array kKeys{Key{"servers", take_servers},
                           Key{"client", take_client},
                           Key{"nkey", take_path<&NatsSite::nkey>},
                           Key{"credentials", take_path<&NatsSite::credentials>},
                           Key{"tls", take_tls},
                           Key{"ca", take_path<&NatsSite::ca>},
                           Key{"certificate", take_path<&NatsSite::certificate>},
                           Key{"key", take_path<&NatsSite::key>},
                           Key{"pool", take_pool}};

std::string key_names() {
  std::string names;
  for (const Key& key : kKeys) names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

}  // namespace

Result<> take_nats_setting(NatsSites& sites, std::string_view text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const std::size_t dot = std::min(text.find('.'), equals);
  if (dot == equals || equals == text.size()) {
    return fail(Errc::kUsage, fmt::format("'{}' is not SITE.KEY=VALUE", shown_text(text, 80)));
  }
  const std::string_view name = text.substr(0, dot), key = text.substr(dot + 1, equals - dot - 1);
  if (!broker::is_name(name)) {
    return fail(Errc::kUsage, fmt::format("'{}' is no site: 1 to 64 letters, digits, '-' and '_'", name));
  }
  const auto* const known = std::ranges::find(kKeys, key, &Key::name);
  if (known == kKeys.end()) {
    return fail(Errc::kUsage, fmt::format("a site has no '{}'; it has {}", shown_text(key, 40), key_names()));
  }
  return known->take(sites[std::string(name)], text.substr(equals + 1));
}

std::vector<std::string> nats_settings(std::string_view name, const NatsSite& site) {
  std::vector<std::string> settings;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) settings.push_back(fmt::format("{}.{}={}", name, key, value));
  };
  add("servers", fmt::format("{}", fmt::join(site.servers, ",")));
  add("client", site.client);
  add("nkey", site.nkey);
  add("credentials", site.credentials);
  add("tls", site.tls ? "true" : "false");
  add("ca", site.ca);
  add("certificate", site.certificate);
  add("key", site.key);
  add("pool", std::to_string(site.pool));
  return settings;
}

Result<const NatsSite*> find_nats_site(const NatsSites& sites, std::string_view name) {
  const auto found = sites.find(name);
  if (found == sites.end() || found->second.servers.empty()) {
    return fail(Errc::kUsage,
                fmt::format("site {0}: its broker is not known; give the configuration a table [nats.{0}] with servers "
                            "= [\"nats://HOST\"], or say --nats={0}.servers=nats://HOST",
                            name));
  }
  const NatsSite& site = found->second;
  if (!site.nkey.empty() && !site.credentials.empty()) {
    return fail(Errc::kUsage, fmt::format("site {}: nkey and credentials exclude each other", name));
  }
  if (site.certificate.empty() != site.key.empty()) {
    return fail(Errc::kUsage, fmt::format("site {}: certificate and key belong together: {} is missing", name,
                                          site.key.empty() ? "key" : "certificate"));
  }
  return &site;
}

}  // namespace stapsh::client
