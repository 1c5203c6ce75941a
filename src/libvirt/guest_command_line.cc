// SPDX-License-Identifier: Apache-2.0
#include "libvirt/guest_command_line.h"

#include <getopt.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace stapsh::libvirt {
namespace {

struct Command {
  std::string_view name;
  GuestAction action;
  std::string_view argument;  // In words; empty: none.
  std::string_view help;
};

constexpr std::array kCommands{
    Command{"list", GuestAction::kList, "", "the domains, running or not, with state and number of permanent ports"},
    Command{"query", GuestAction::kQuery, "DOMAIN", "name, UUID, state, ports, and whether a session can add one"},
    Command{"port-add", GuestAction::kPortAdd, "DOMAIN",
            "add a permanent port to the definition; to the running domain as well, if it can be"},
    Command{"port-list", GuestAction::kPortList, "DOMAIN", "the permanent ports, with the paths of their sockets"},
    Command{"port-remove", GuestAction::kPortRemove, "DOMAIN",
            "remove the last permanent port, and what dead sessions left"},
};

constexpr std::string_view kSeeHelp = "; see rstap guest --help";

Result<> take_options(std::span<const std::string> words, GuestOptions& options, std::vector<std::string>& rest) {
  static constexpr std::array<option, 4> kLongOptions{{{"connect", required_argument, nullptr, 'c'},
                                                       {"directory", required_argument, nullptr, 'd'},
                                                       {"help", no_argument, nullptr, 'h'},
                                                       {nullptr, 0, nullptr, 0}}};
  std::vector<std::string> copies{"rstap guest"};
  copies.insert(copies.end(), words.begin(), words.end());
  std::vector<char*> argv;
  argv.reserve(copies.size() + 1);
  for (std::string& word : copies) argv.push_back(word.data());
  const int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  optind = 0;  // glibc: start anew, forgetting any earlier scan.
  opterr = 0;
  bool help = false;
  for (int found = 0; (found = getopt_long(argc, argv.data(), ":c:d:h", kLongOptions.data(), nullptr)) != -1;) {
    const std::string word = argv[static_cast<std::size_t>(std::max(optind - 1, 0))];
    if (found == '?') return fail(Errc::kUsage, "guest: unknown option '" + word + "'" + std::string(kSeeHelp));
    if (found == ':') return fail(Errc::kUsage, "guest: " + word + " needs a value" + std::string(kSeeHelp));
    if (found == 'h') help = true;
    if (found == 'c') options.connection = optarg;
    if (found == 'd') options.directory = optarg;
  }
  for (int at = optind; at < argc; ++at) rest.emplace_back(argv[static_cast<std::size_t>(at)]);
  if (help) rest.clear();
  return {};
}

}  // namespace

Result<GuestOptions> parse_guest_words(std::span<const std::string> words) {
  GuestOptions options;
  std::vector<std::string> rest;
  TRY(take_options(words, options, rest));
  if (rest.empty()) return options;
  const auto* const command = std::ranges::find(kCommands, rest[0], &Command::name);
  if (command == kCommands.end()) {
    return fail(Errc::kUsage, "guest: unknown command '" + rest[0] + "'" + std::string(kSeeHelp));
  }
  options.action = command->action;
  const std::string name = "guest " + rest[0];
  const std::size_t arguments = command->argument.empty() ? 0 : 1;
  if (rest.size() - 1 < arguments) return fail(Errc::kUsage, name + " needs a DOMAIN: see rstap guest list");
  if (rest.size() - 1 > arguments) return fail(Errc::kUsage, name + " takes no '" + rest[arguments + 1] + "'");
  if (arguments > 0) options.domain = rest[1];
  if (options.directory && options.action != GuestAction::kPortAdd) {
    return fail(Errc::kUsage, name + " takes no -d: it is for port-add");
  }
  if (options.directory && !options.directory->starts_with('/')) {
    return fail(Errc::kUsage, name + " -d " + *options.directory + ": give an absolute path");
  }
  return options;
}

std::string guest_help() {
  std::string text =
      "rstap guest: the domains of libvirt, and their ports for an agent\n"
      "\n"
      "Usage: rstap guest [-c URI] COMMAND [DOMAIN]\n"
      "\n"
      "DOMAIN is a name, a UUID, or the number of a running domain. A script named guest is ./guest.\n"
      "\n"
      "Commands:\n";
  for (const Command& command : kCommands) {
    std::string left =
        std::string(command.name) + (command.argument.empty() ? "" : " ") + std::string(command.argument);
    left.resize(std::max<std::size_t>(left.size(), 20), ' ');
    text += "  " + left + " " + std::string(command.help) + "\n";
  }
  text +=
      "\n"
      "Options:\n"
      "  -c, --connect=URI    where libvirt is, such as qemu:///system (libvirt's default)\n"
      "  -d, --directory=DIR  port-add: the socket is DIR/DOMAIN.PORT.sock (libvirt chooses)\n"
      "  -h, --help           print this\n"
      "\n"
      "A run on libvirt://DOMAIN takes a permanent port that is free. Where there is none, and the domain\n"
      "has a virtio-serial controller, it adds one for itself and removes it at its end.\n";
  return text;
}

}  // namespace stapsh::libvirt
