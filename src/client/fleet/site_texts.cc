// SPDX-License-Identifier: Apache-2.0
#include "client/fleet/site_texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/subjects.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kSiteHead = "# What hosts and clients are told of the broker. `rstap fleet` reads it.\n";

// Sizes: docs/fleet.md. A client may have half of max_pending under way, and its credit is bounded by less.
constexpr std::string_view kBrokerText =
    R"(# nats-server's configuration for site {site}: nats-server -c {folder}/nats-server.conf
# `rstap fleet init` has made it and never changes it again: it is yours.
server_name: "{site}"
listen: "{listen}"

{tls}
authorization {{
  timeout: 10
}}
accounts {{
  SITE {{
    # Who may connect, and what each may say and hear. It must not be empty: then everybody might.
    include "users.conf"
    # store
    imports: [
      {{ service: {{ account: STORE, subject: "rstap.{site}.file.*.*" }} }}
      {{ service: {{ account: STORE, subject: "$JS.API.DIRECT.GET.RSTAP_FILES.rstap.{site}.file.*.*" }}, to: "rstap.{site}.store.get.*.*" }}
      {{ service: {{ account: STORE, subject: "$JS.API.STREAM.MSG.GET.RSTAP_FILES" }}, to: "rstap.{site}.store.find" }}
      {{ service: {{ account: STORE, subject: "$JS.API.STREAM.CREATE.RSTAP_FILES" }}, to: "rstap.{site}.store.create" }}
    ]
    # end of store
  }}
  # store
  # Nobody is of this account: JetStream answers at any subject that it is told, and in here nobody hears it.
  STORE {{
    jetstream: enabled
    exports: [
      {{ service: "rstap.{site}.file.*.*", accounts: [SITE] }}
      {{ service: "$JS.API.DIRECT.GET.RSTAP_FILES.rstap.{site}.file.*.*", accounts: [SITE] }}
      {{ service: "$JS.API.STREAM.MSG.GET.RSTAP_FILES", accounts: [SITE] }}
      {{ service: "$JS.API.STREAM.CREATE.RSTAP_FILES", accounts: [SITE] }}
    ]
  }}
  # end of store
}}

# Files that all targets of a run need are stored once and fetched. The folder must be one that nats-server may write.
# Without this block, and what is between `store` and `end of store` above, each file goes to each target by itself.
jetstream {{
  store_dir: "{folder}"
  max_memory_store: 64MB
  max_file_store: 2GB
}}

max_payload: 64KB       # no message of a session is larger than 17 KiB
max_pending: 64MB       # for one connection; more of it is slow, and is cut off
write_deadline: "10s"   # after so long without taking anything
max_connections: 65536  # and so many files must nats-server may open: LimitNOFILE= of its unit
ping_interval: "20s"
)";

constexpr std::string_view kTls =
    R"(# The certificate must be for {host}, by which hosts and clients reach the broker.{fill}
tls {{
  cert_file: "{certificate}"
  key_file: "{key}"
  timeout: 10  # all hosts come at once after a restart
}}
)";

std::string host_of(std::string_view server) { return std::string(server.substr(0, server.rfind(':'))); }

std::string tls_block(const Site& site, const BrokerOptions& broker) {
  if (!broker.tls) {
    return "# Without TLS whoever is on the way can read and change what is said. A tls block, and `tls yes` in the "
           "file\n"
           "# site, before the broker is reached from anywhere else.\n";
  }
  const bool known = !broker.certificate.empty();
  return fmt::format(
      kTls, fmt::arg("host", host_of(site.server)),
      fmt::arg("fill", known ? "" : "\n# TO FILL IN: the two files. Until then nats-server does not start."),
      fmt::arg("certificate", known ? broker.certificate : "TO FILL IN: certificate.pem"),
      fmt::arg("key", known ? broker.key : "TO FILL IN: key.pem"));
}

// What link and client are told alike, in TOML.
std::string reach(const Site& site) {
  std::string text = fmt::format("servers = [\"nats://{}\"]\n", site.server);
  if (!site.tls) text += "tls = false\n";
  if (!site.ca.empty()) text += fmt::format("ca = \"{}\"\n", site.ca);
  return text;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) {
    return c == '"' || c == '\\' || c == '\x7f' || static_cast<unsigned char>(c) < ' ';
  });
}

std::string format_site(const Site& site) {
  std::string text =
      fmt::format("{}site {}\nserver {}\ntls {}\n", kSiteHead, site.name, site.server, site.tls ? "yes" : "no");
  if (!site.ca.empty()) text += fmt::format("ca {}\n", site.ca);
  return text;
}

Result<Site> parse_site(std::string_view text) {
  Site site;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, blank);
    const std::string value(line.substr(std::min(blank + 1, line.size())));
    if (!is_plain_text(value))
      return fail(Errc::kUsage, fmt::format("{}: a value is missing, or no plain text", number));
    if (word == "site" && broker::is_name(value)) {
      site.name = value;
    } else if (word == "server") {
      site.server = value;
    } else if (word == "tls" && (value == "yes" || value == "no")) {
      site.tls = value == "yes";
    } else if (word == "ca") {
      site.ca = value;
    } else {
      return fail(Errc::kUsage,
                  fmt::format("{}: it is none of: site NAME, server HOST:PORT, tls yes|no, ca FILE", number));
    }
  }
  if (site.name.empty() || site.server.empty())
    return fail(Errc::kUsage, fmt::format("{}: site or server is missing", number));
  return site;
}

std::string broker_configuration(const Site& site, const BrokerOptions& broker) {
  return fmt::format(kBrokerText, fmt::arg("site", site.name), fmt::arg("folder", broker.folder),
                     fmt::arg("listen", broker.listen), fmt::arg("tls", tls_block(site, broker)));
}

std::string link_configuration(const Site& site, std::string_view host) {
  return fmt::format(
      "# For stapsh-link(8) on {0}: /etc/stapsh/link.toml\n"
      "site = \"{1}\"\nhost = \"{0}\"\n{2}nkey = \"/etc/stapsh/link.seed\"\n",
      host, site.name, reach(site));
}

std::string client_configuration(const Site& site, std::string_view client, std::string_view seed) {
  return fmt::format(
      "# For ~/.config/rstap/config.toml of {0}\n"
      "[nats.{1}]\nclient = \"{0}\"\n{2}nkey = \"{3}\"\n",
      client, site.name, reach(site), seed);
}

}  // namespace stapsh::client
