// SPDX-License-Identifier: Apache-2.0
#include "client/targets/hosts_by_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/shown_text.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kSeparator = "=exec:";

bool is_plain_word(std::string_view name) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.front() != '-' && name.find_first_not_of(kPlain) == std::string_view::npos;
}

std::string command_for(std::string_view host, std::string_view command) {
  std::string text = "exec:";
  while (true) {
    const std::size_t at = command.find(kHostInCommand);
    text += command.substr(0, at);
    if (at == std::string_view::npos) return text;
    text += host;
    command.remove_prefix(at + kHostInCommand.size());
  }
}

}  // namespace

std::optional<HostsByCommand> split_hosts_by_command(std::string_view value) {
  const std::size_t at = value.find(kSeparator);
  if (at == std::string_view::npos || is_without_sets(value)) return std::nullopt;
  return HostsByCommand{value.substr(0, at), value.substr(at + kSeparator.size())};
}

Result<std::vector<NamedAddress>> reach_by_command(const std::vector<NamedAddress>& hosts, std::string_view command) {
  const std::string_view shown = command.substr(0, 200);
  if (hosts.size() > 1 && command.find(kHostInCommand) == std::string_view::npos) {
    return fail(Errc::kUsage,
                fmt::format("'=exec:{}' reaches the same for all {} hosts: say {} where their names belong",
                            shown_text(shown, 200), hosts.size(), kHostInCommand));
  }
  std::vector<NamedAddress> targets;
  targets.reserve(hosts.size());
  for (const NamedAddress& host : hosts) {
    if (!is_plain_word(host.text)) {
      return fail(Errc::kUsage,
                  fmt::format("'{}' can't be a host of '=exec:{}': a name is of letters, digits, '.', '_' and '-'",
                              shown_text(host.text, 200), shown_text(shown, 200)));
    }
    targets.push_back({command_for(host.text, command), host.text});
  }
  return targets;
}

}  // namespace stapsh::client
