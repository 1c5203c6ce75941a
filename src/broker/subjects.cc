// SPDX-License-Identifier: Apache-2.0
#include "broker/subjects.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/parse_int.h"

namespace stapsh::broker {
namespace {

constexpr std::string_view kDown = "node.", kUp = "up.", kHere = "here.", kWho = "who.";
constexpr std::size_t kNameMax = 64, kHostMax = 253;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string with_dots(std::string_view token) {
  std::string host(token);
  std::replace(host.begin(), host.end(), '/', '.');
  return host;
}

// The tokens behind PREFIX KIND; none if there are not as many.
template <std::size_t kCount>
std::optional<std::array<std::string_view, kCount>> tokens(std::string_view subject, std::string_view prefix,
                                                           std::string_view kind) {
  if (!subject.starts_with(prefix)) return std::nullopt;
  subject.remove_prefix(prefix.size());
  if (!subject.starts_with(kind)) return std::nullopt;
  subject.remove_prefix(kind.size());
  std::array<std::string_view, kCount> found;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t end = subject.find('.');
    if ((end == std::string_view::npos) != (i + 1 == found.size())) return std::nullopt;
    found[i] = subject.substr(0, end);
    subject.remove_prefix(end == std::string_view::npos ? subject.size() : end + 1);
  }
  return found;
}

std::optional<SessionName> session(std::string_view host, std::string_view client, std::string_view run,
                                   std::string_view number) {
  SessionName name{with_dots(host), std::string(client), std::string(run)};
  const Result<std::uint32_t> parsed = parse_int<std::uint32_t>(number, 0, std::numeric_limits<std::uint32_t>::max());
  if (!parsed || std::to_string(*parsed) != number) return std::nullopt;
  name.number = *parsed;
  // A dot would have been a token's end: with_dots() can't have met one.
  if (!is_host(name.host) || !is_name(client) || !is_name(run)) return std::nullopt;
  return name;
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameMax && std::all_of(text.begin(), text.end(), is_plain);
}

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > kHostMax || text.front() == '.' || text.back() == '.') return false;
  return text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c) || c == '.'; });
}

std::string host_token(std::string_view host) {
  std::string token(host);
  std::replace(token.begin(), token.end(), '.', '/');
  return token;
}

std::string Subjects::here(std::string_view client, std::string_view run) const {
  return prefix_ + std::string(kHere) + std::string(client) + "." + std::string(run);
}

std::string Subjects::here(std::string_view client, std::string_view run, std::string_view host) const {
  return here(client, run) + "." + host_token(host);
}

std::string Subjects::down(const SessionName& session) const {
  return prefix_ + std::string(kDown) + host_token(session.host) + "." + session.client + "." + session.run + "." +
         std::to_string(session.number);
}

std::string Subjects::nobody(std::string_view client, std::string_view run) const {
  return prefix_ + "node.~." + std::string(client) + "." + std::string(run) + ".0";
}

std::string Subjects::up(const SessionName& session) const {
  return prefix_ + std::string(kUp) + session.client + "." + session.run + "." + host_token(session.host) + "." +
         std::to_string(session.number);
}

std::string Subjects::file(std::string_view sha256, std::uint64_t piece) const {
  return prefix_ + "file." + std::string(sha256) + "." + std::to_string(piece);
}

std::string Subjects::store_get(std::string_view sha256, std::uint64_t piece) const {
  return prefix_ + "store.get." + std::string(sha256) + "." + std::to_string(piece);
}

bool Subjects::is_of_store(std::string_view subject) const {
  return subject.starts_with(prefix_ + "file.") || subject.starts_with(prefix_ + "store.");
}

std::string Subjects::all_down(std::string_view host) const {
  return prefix_ + std::string(kDown) + host_token(host) + ".>";
}

std::string Subjects::all_up(std::string_view client, std::string_view run) const {
  return prefix_ + std::string(kUp) + std::string(client) + "." + std::string(run) + ".>";
}

std::optional<std::string> Subjects::client_of_who(std::string_view subject, std::string_view reply) const {
  const auto asks = tokens<1>(subject, prefix_, kWho);
  const auto hears = tokens<2>(reply, prefix_, kHere);
  if (!asks || !hears || !is_name((*asks)[0]) || (*asks)[0] != (*hears)[0] || !is_name((*hears)[1])) {
    return std::nullopt;
  }
  return std::string((*asks)[0]);
}

std::optional<SessionName> Subjects::session_of_down(std::string_view subject) const {
  const auto found = tokens<4>(subject, prefix_, kDown);
  if (!found) return std::nullopt;
  return session((*found)[0], (*found)[1], (*found)[2], (*found)[3]);
}

std::optional<SessionName> Subjects::session_of_up(std::string_view subject) const {
  const auto found = tokens<4>(subject, prefix_, kUp);
  if (!found) return std::nullopt;
  return session((*found)[2], (*found)[0], (*found)[1], (*found)[3]);
}

}  // namespace stapsh::broker
