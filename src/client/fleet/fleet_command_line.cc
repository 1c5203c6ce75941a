// SPDX-License-Identifier: Apache-2.0
#include "client/fleet/fleet_command_line.h"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/shown_text.h"
#include "broker/subjects.h"
#include "client/targets/host_set.h"

namespace stapsh::client {
namespace {

struct Command {
  std::string_view name;
  FleetAction action;
  std::string_view arguments, help;
};

constexpr std::array kCommands{
    Command{"init", FleetAction::kInit, "SITE", "make the folder: nats-server.conf, users.conf, site"},
    Command{"enroll", FleetAction::kEnroll, "HOST...", "a key for each host or set of hosts, and its link.toml"},
    Command{"client", FleetAction::kClient, "NAME...",
            "a key for each who traces, and a table for their configuration"},
    Command{"revoke", FleetAction::kRevoke, "NAME...", "forget the keys of these hosts and clients"},
    Command{"list", FleetAction::kList, "", "the hosts and clients, one a line"},
};

constexpr std::string_view kSeeHelp = "; see rstap fleet --help";

constexpr std::string_view kHead = R"(rstap fleet: a site of hosts behind a NATS broker, and who may connect to it

Usage: rstap fleet COMMAND [OPTIONS] [NAME...]

Keys and configurations are made in a folder of yours, for one site. Nothing connects to anything,
no key is ever replaced, and what is there already stays. A script named fleet is ./fleet.

Commands:
)";

constexpr std::string_view kOptions = R"(
Options:
  -f, --folder=DIR        the site's folder (the current one)
  -h, --help              print this

Of init:
  --server=HOST[:PORT]    how hosts and clients reach the broker (port 4222)
  --listen=ADDRESS[:PORT] what the broker listens on (0.0.0.0:4222; without TLS 127.0.0.1:4222)
  --certificate=FILE      the broker's certificate and key, which it reads from there (to be filled
  --key=FILE              in by you)
  --ca=FILE               who has signed it, a file on each host and client (whom their systems trust)
  --no-tls                whoever is on the way can read and change all: for a trial on one machine

Of client:
  --store                 may also make the broker's store of files; one client of a site is enough
)";

enum Option { kFolder = 'f', kHelp = 'h', kServer = 256, kListen, kCertificate, kKey, kCa, kNoTls, kStore };

constexpr std::array<option, 10> kLongOptions{{{"folder", required_argument, nullptr, kFolder},
                                               {"help", no_argument, nullptr, kHelp},
                                               {"server", required_argument, nullptr, kServer},
                                               {"listen", required_argument, nullptr, kListen},
                                               {"certificate", required_argument, nullptr, kCertificate},
                                               {"key", required_argument, nullptr, kKey},
                                               {"ca", required_argument, nullptr, kCa},
                                               {"no-tls", no_argument, nullptr, kNoTls},
                                               {"store", no_argument, nullptr, kStore},
                                               {nullptr, 0, nullptr, 0}}};

struct Words {
  FleetOptions options;
  std::vector<std::string> rest;
  bool help = false, of_init = false, of_client = false;
};

void take_option(int found, Words& words) {
  const std::string value = optarg == nullptr ? "" : optarg;
  FleetOptions& options = words.options;
  words.of_init = words.of_init || (found >= kServer && found <= kNoTls);
  words.of_client = words.of_client || found == kStore;
  switch (found) {
    case kHelp:
      words.help = true;
      break;
    case kFolder:
      options.folder = value;
      break;
    case kServer:
      options.site.server = value;
      break;
    case kListen:
      options.broker.listen = value;
      break;
    case kCertificate:
      options.broker.certificate = value;
      break;
    case kKey:
      options.broker.key = value;
      break;
    case kCa:
      options.site.ca = value;
      break;
    case kNoTls:
      options.site.tls = options.broker.tls = false;
      break;
    case kStore:
      options.makes_store = true;
      break;
    default:
      break;
  }
}

Result<Words> scan(std::span<const std::string> given) {
  std::vector<std::string> copies{"rstap fleet"};
  copies.insert(copies.end(), given.begin(), given.end());
  std::vector<char*> argv;
  argv.reserve(copies.size() + 1);
  for (std::string& word : copies) argv.push_back(word.data());
  const int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  optind = 0;  // glibc: start anew, forgetting any earlier scan.
  opterr = 0;
  Words words;
  for (int found = 0; (found = getopt_long(argc, argv.data(), ":f:h", kLongOptions.data(), nullptr)) != -1;) {
    const std::string word = argv[static_cast<std::size_t>(std::max(optind - 1, 0))];
    if (found == '?') return fail(Errc::kUsage, fmt::format("fleet: unknown option '{}'{}", word, kSeeHelp));
    if (found == ':') return fail(Errc::kUsage, fmt::format("fleet: {} needs a value{}", word, kSeeHelp));
    take_option(found, words);
  }
  for (int at = optind; at < argc; ++at) words.rest.emplace_back(argv[static_cast<std::size_t>(at)]);
  return words;
}

// HOST is HOST:4222. An IPv6 address has brackets.
std::string with_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  return has_port ? text : text + ":4222";
}

Result<> finish_init(FleetOptions& options) {
  Site& site = options.site;
  BrokerOptions& broker = options.broker;
  if (!broker::is_name(site.name)) {
    return fail(Errc::kUsage, fmt::format("fleet init: '{}' is no site: 1 to 64 letters, digits, '-' and '_'",
                                          shown_text(site.name, 80)));
  }
  if (site.server.empty() && site.tls) {
    return fail(Errc::kUsage,
                "fleet init: say by which name hosts and clients reach the broker: --server HOST; for a trial on "
                "this machine alone: --no-tls");
  }
  if (!site.tls && !(broker.certificate + broker.key + site.ca).empty()) {
    return fail(Errc::kUsage, "fleet init: --no-tls takes no --certificate, --key and --ca");
  }
  if (broker.certificate.empty() != broker.key.empty()) {
    return fail(Errc::kUsage, "fleet init: --certificate and --key belong together");
  }
  // The broker and the links have working folders of their own.
  for (const std::string& file : {broker.certificate, broker.key, site.ca}) {
    if (file.empty() || file.starts_with('/')) continue;
    return fail(Errc::kUsage, fmt::format("fleet init: {}: give an absolute path", shown_text(file, 80)));
  }
  if (site.server.empty()) site.server = "127.0.0.1";
  if (broker.listen.empty()) broker.listen = site.tls ? "0.0.0.0" : "127.0.0.1";
  if (site.server.find('@') != std::string::npos) {  // It would stand in what is logged, and lists of processes.
    return fail(Errc::kUsage, "fleet init: --server is HOST[:PORT], without a user or a password: fleets have keys");
  }
  site.server = with_port(site.server);
  broker.listen = with_port(broker.listen);
  for (const std::string& text : {site.server, broker.listen, broker.certificate, broker.key, site.ca}) {
    if (!text.empty() && !is_plain_text(text)) {
      return fail(Errc::kUsage, fmt::format("fleet init: '{}' can't stand in a configuration", shown_text(text, 80)));
    }
  }
  return {};
}

Result<> take_names(FleetOptions& options, std::span<const std::string> words, std::string_view command) {
  for (const std::string& word : words) {
    // A client has no dot: where it could be either, it is what the broker has.
    for (std::string& name : TRY(expand_host_set(word))) {
      const bool is_client = options.action == FleetAction::kClient;
      if (!(is_client ? broker::is_name(name) : broker::is_host(name))) {
        return fail(
            Errc::kUsage,
            fmt::format("fleet {}: '{}' is no {}: {}", command, shown_text(name, 80), is_client ? "client" : "host",
                        is_client ? "1 to 64 letters, digits, '-' and '_'" : "letters, digits, '-', '_' and '.'"));
      }
      options.names.push_back(std::move(name));
    }
  }
  return {};
}

}  // namespace

Result<FleetOptions> parse_fleet_words(std::span<const std::string> given) {
  Words words = TRY(scan(given));
  FleetOptions& options = words.options;
  if (words.help || words.rest.empty()) return FleetOptions{};
  const auto* const command = std::ranges::find(kCommands, words.rest[0], &Command::name);
  if (command == kCommands.end()) {
    return fail(Errc::kUsage, fmt::format("fleet: unknown command '{}'{}", shown_text(words.rest[0], 80), kSeeHelp));
  }
  options.action = command->action;
  const std::span<const std::string> names = std::span(words.rest).subspan(1);
  if (words.of_init && options.action != FleetAction::kInit) {
    return fail(Errc::kUsage, fmt::format("fleet {}: takes no options of init{}", command->name, kSeeHelp));
  }
  if (words.of_client && options.action != FleetAction::kClient) {
    return fail(Errc::kUsage, fmt::format("fleet {}: takes no --store: it is for client", command->name));
  }
  if (names.empty() != command->arguments.empty()) {
    return fail(Errc::kUsage, names.empty()
                                  ? fmt::format("fleet {} needs {}", command->name, command->arguments)
                                  : fmt::format("fleet {} takes no '{}'", command->name, shown_text(names[0], 80)));
  }
  if (options.action == FleetAction::kInit) {
    if (names.size() > 1) return fail(Errc::kUsage, "fleet init takes one SITE: each has a folder of its own");
    options.site.name = names[0];
    TRY(finish_init(options));
  } else {
    TRY(take_names(options, names, command->name));
  }
  return options;
}

std::string fleet_help() {
  std::string text(kHead);
  for (const Command& command : kCommands) {
    text += fmt::format("  {:<20} {}\n", fmt::format("{} {}", command.name, command.arguments), command.help);
  }
  return text.append(kOptions);
}

}  // namespace stapsh::client
