// SPDX-License-Identifier: Apache-2.0
#include "client/targets/remote_uri.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/parse_int.h"
#include "base/shown_text.h"
#include "broker/subjects.h"
#include "client/options/direct_form.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kForms =
    "HOST, USER@HOST, HOST:PORT, ssh://USER@HOST:PORT, unix:PATH, vsock:CID:PORT, libvirt://DOMAIN, nats://SITE/HOST, "
    "stapsh:, direct:, exec:COMMAND, HOST=exec:COMMAND, @FILE";

auto bad_uri(std::string_view text, std::string_view reason) {
  return fail(Errc::kUsage, fmt::format("target '{}': {}", shown_text(text, 200), reason));
}

/// The rest behind `prefix`, if `text` begins with it.
std::optional<std::string_view> rest_after(std::string_view text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
  return text.substr(prefix.size());
}

/// `authority` is [USER@]HOST[:PORT].
Result<RemoteUri::Address> parse_ssh(std::string_view text, std::string_view authority) {
  const std::size_t at = authority.rfind('@');
  const std::string_view user = at == std::string_view::npos ? "" : authority.substr(0, at + 1);
  std::string_view host = authority.substr(user.size());
  std::optional<std::string_view> port;
  if (host.substr(0, 1) == "[") {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return bad_uri(text, "'[' without ']'");
    const std::string_view rest = host.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return bad_uri(text, "after ']' only :PORT may follow");
    if (!rest.empty()) port = rest.substr(1);
    host = host.substr(1, close - 1);
  } else if (std::ranges::count(host, ':') == 1) {  // More than one: a bare IPv6 address.
    const std::size_t colon = host.find(':');
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.empty()) return bad_uri(text, fmt::format("no host; known forms: {}", kForms));
  // ssh would take such a word for one of its options.
  if (host.front() == '-' || user.substr(0, 1) == "-") return bad_uri(text, "a host or user can't begin with '-'");
  if (authority.find(' ') != std::string_view::npos) return bad_uri(text, "a host can't hold blanks");
  SshUri uri{std::string(user) + std::string(host), std::nullopt};
  if (port) {
    const auto number = parse_int<std::uint16_t>(*port, 1, 65'535);
    if (!number) {
      return bad_uri(text, fmt::format("'{}' is not a port (1 to 65535), and '{}:' is no known scheme; known forms: {}",
                                       shown_text(*port, 40), host, kForms));
    }
    uri.port = *number;
  }
  return RemoteUri::Address(std::move(uri));
}

Result<RemoteUri::Address> parse_vsock(std::string_view text, std::string_view rest) {
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return bad_uri(text, "the form is vsock:CID:PORT");
  const auto cid = parse_int<std::uint32_t>(rest.substr(0, colon), 0, 0xffff'fffe);
  if (!cid) return bad_uri(text, "CID: " + cid.error().what);
  const auto port = parse_int<std::uint32_t>(rest.substr(colon + 1), 0, 0xffff'fffe);
  if (!port) return bad_uri(text, "PORT: " + port.error().what);
  return RemoteUri::Address(VsockUri{*cid, *port});
}

Result<RemoteUri::Address> parse_nats(std::string_view text, std::string_view rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return bad_uri(text, "the form is nats://SITE/HOST");
  const std::string_view site = rest.substr(0, slash), host = rest.substr(slash + 1);
  if (!broker::is_name(site)) return bad_uri(text, "a site is 1 to 64 letters, digits, '-' and '_'");
  if (host == "*") return bad_uri(text, "all hosts of a site can't be one target");
  if (!broker::is_host(host))
    return bad_uri(text, "a host is letters, digits, '-', '_' and '.'; or * alone, for all that are connected");
  return RemoteUri::Address(NatsUri{std::string(site), std::string(host)});
}

Result<RemoteUri::Address> parse_address(std::string_view text) {
  if (text.empty()) return bad_uri(text, fmt::format("empty; known forms: {}", kForms));
  if (const std::string control = spelled_control(text); !control.empty()) {
    return bad_uri(text, fmt::format("the control character {} can't be part of it", control));
  }
  if (text == "stapsh:" || text == "stapsh://") return RemoteUri::Address(LocalUri{});
  if (is_direct(text)) return RemoteUri::Address(DirectUri{});
  if (rest_after(text, "stapsh:") || rest_after(text, "direct:")) return bad_uri(text, "nothing may follow the ':'");
  if (const auto path = rest_after(text, "unix:")) {
    if (path->empty()) return bad_uri(text, "the form is unix:PATH");
    return RemoteUri::Address(UnixUri{std::string(*path)});
  }
  if (const auto command = rest_after(text, "exec:")) {
    if (command->find_first_not_of(" \t") == std::string_view::npos) return bad_uri(text, "the form is exec:COMMAND");
    return RemoteUri::Address(ExecUri{std::string(*command)});
  }
  if (const auto rest = rest_after(text, "vsock:")) return parse_vsock(text, *rest);
  if (const auto rest = rest_after(text, "libvirt://")) {
    const std::size_t slash = std::min(rest->find('/'), rest->size());
    if (slash == 0) return bad_uri(text, "the form is libvirt://DOMAIN[/LIBVIRT_URI]");
    const std::string_view connection = slash < rest->size() ? rest->substr(slash + 1) : "";
    return RemoteUri::Address(LibvirtUri{std::string(rest->substr(0, slash)), std::string(connection)});
  }
  if (const auto rest = rest_after(text, "nats://")) return parse_nats(text, *rest);
  if (auto authority = rest_after(text, "ssh://")) {
    if (!authority->empty() && authority->back() == '/') authority->remove_suffix(1);
    if (authority->find('/') != std::string_view::npos) return bad_uri(text, "nothing may follow the host");
    return parse_ssh(text, *authority);
  }
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    return bad_uri(text, fmt::format("unknown scheme '{}://'; known forms: {}", text.substr(0, scheme), kForms));
  }
  if (text.find('/') != std::string_view::npos) return bad_uri(text, "a host has no '/'; for a socket say unix:PATH");
  return parse_ssh(text, text);
}

/// Begins the name of what has no host: no host has it.
constexpr char kNoHost = '\n';

}  // namespace

TargetIdentity RemoteUri::identity() const {
  if (std::holds_alternative<LocalUri>(address)) return {{}, std::string(1, kNoHost) + "stapsh:", {}};
  if (std::holds_alternative<DirectUri>(address)) return {{}, std::string(1, kNoHost) + "direct:", {}};
  const auto* ssh = std::get_if<SshUri>(&address);
  if (!ssh) return {{}, kNoHost + text, {}};
  const std::size_t at = ssh->destination.rfind('@');
  if (at == std::string::npos) return {{}, ssh->destination, ssh->port ? std::to_string(*ssh->port) : ""};
  return {ssh->destination.substr(0, at), ssh->destination.substr(at + 1), ssh->port ? std::to_string(*ssh->port) : ""};
}

Result<RemoteUri> parse_remote_uri(std::string_view text) {
  RemoteUri::Address address = TRY(parse_address(text));
  return RemoteUri{std::string(text), std::move(address)};
}

}  // namespace stapsh::client
