// SPDX-License-Identifier: Apache-2.0
#include "client/fleet/fleet_command.h"

#include <fmt/format.h>

#include <set>

#include "client/fleet/fleet_folder.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kReload =
    "Now have the broker read users.conf: nats-server --signal reload (or systemctl reload nats-server). Others stay "
    "connected.\n";

Result<std::string> init(const FleetOptions& options) {
  std::vector<std::string> made;
  const FleetFolder folder = TRY(FleetFolder::make(options.folder, options.site, options.broker, made));
  if (made.empty()) return fmt::format("{}: is there already, and stays as it is\n", folder.path());
  const bool fill_in = options.broker.tls && options.broker.certificate.empty();
  return fmt::format(
      "{0}: made {1}\n"
      "Look through nats-server.conf{2}, and start the broker: nats-server -c {0}/nats-server.conf\n"
      "Then, in that folder: rstap fleet enroll HOST..., and rstap fleet client NAME\n",
      folder.path(), fmt::join(made, ", "), fill_in ? ", FILL IN its certificate" : "");
}

// What there is to say of one that was admitted.
std::string admitted(const std::string& name, const FleetFolder::Admission& admission) {
  if (admission.is_new) return fmt::format("{}: {}\n", name, admission.folder);
  return fmt::format(
      "{}: is there already, with the key that it has{}\n", name,
      admission.has_seed ? ": " + admission.folder : "; its seed is not here any more: for a new one, revoke it first");
}

Result<std::string> admit(const FleetOptions& options, MemberKind kind) {
  FleetFolder folder = TRY(FleetFolder::open(options.folder));
  std::string text;
  bool any_new = false;
  for (const std::string& name : options.names) {
    const FleetFolder::Admission admission = TRY(folder.admit(kind, name, options.makes_store));
    any_new = any_new || admission.is_new;
    text += admitted(name, admission);
  }
  const bool changed = TRY(folder.save());
  if (any_new && kind == MemberKind::kHost) {
    text +=
        "Give each host its two files as /etc/stapsh/link.toml and link.seed (mode 0600, root's), and a policy; then "
        "start\n"
        "stapsh-link there. The seed is needed nowhere else: remove it here.\n";
  } else if (any_new) {
    text +=
        "The table in rstap.toml goes into ~/.config/rstap/config.toml; client.seed goes along, and nobody else may "
        "read it:\n"
        "its place is what `nkey` in the table says.\n";
  }
  return changed ? text.append(kReload) : text;
}

Result<std::string> revoke(const FleetOptions& options) {
  FleetFolder folder = TRY(FleetFolder::open(options.folder));
  // Whoever is named twice is revoked once.
  const std::set<std::string> names(options.names.begin(), options.names.end());
  for (const std::string& name : names) TRY(folder.find(name));
  for (const std::string& name : names) TRY(folder.revoke(name));
  TRY(folder.save());
  return fmt::format(
      "{} of site {} revoked\nNow have the broker read users.conf: nats-server --signal reload (or systemctl "
      "reload nats-server). They are disconnected then.\n",
      fmt::join(names, ", "), folder.site().name);
}

Result<std::string> list(const FleetOptions& options) {
  const FleetFolder folder = TRY(FleetFolder::open(options.folder));
  std::string text;
  for (const Member& member : folder.members()) {
    if (member.kind == MemberKind::kHost) text += fmt::format("host {} {}\n", member.name, member.key);
    if (member.kind == MemberKind::kClient) {
      text += fmt::format("client {} {}{}\n", member.name, member.key, member.makes_store ? " store" : "");
    }
  }
  return text;
}

}  // namespace

Result<std::string> run_fleet_command(const FleetOptions& options) {
  const auto run = [&]() -> Result<std::string> {
    switch (options.action) {
      case FleetAction::kInit:
        return init(options);
      case FleetAction::kEnroll:
        return admit(options, MemberKind::kHost);
      case FleetAction::kClient:
        return admit(options, MemberKind::kClient);
      case FleetAction::kRevoke:
        return revoke(options);
      case FleetAction::kList:
        return list(options);
      case FleetAction::kHelp:
        break;
    }
    return fleet_help();
  };
  Result<std::string> text = run();
  if (!text) return add_context("fleet", text.error());
  return text;
}

}  // namespace stapsh::client
