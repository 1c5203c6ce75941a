// SPDX-License-Identifier: Apache-2.0
// Each user is two lines or more: `  # host web01`, and behind it `  { nkey: U…, permissions: {` with what nats-server
// reads. Only these two are read back.
#include "client/fleet/user_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "broker/subjects.h"

namespace stapsh::client {
namespace {

using Subjects = std::vector<std::string>;

constexpr std::string_view kMark = "  # ", kKeyMark = "  { nkey: ", kNobody = "nobody", kHost = "host ",
                           kClient = "client ", kStoreMark = " store";
constexpr std::size_t kKeySize = 56;

struct Permissions {
  Subjects publish, subscribe;
};

// A host speaks as itself to whoever asks, and fetches files.
Permissions host_permissions(const std::string& site, const std::string& host) {
  const std::string token = broker::host_token(host);
  return {.publish = {site + "up.*.*." + token + ".*", site + "here.*.*." + token, site + "store.get.*.*"},
          .subscribe = {site + "who.*", site + "node." + token + ".>", "_INBOX." + token + ".>"}};
}

// A client speaks as itself to each host, and stores files.
Permissions client_permissions(const std::string& site, const Member& client) {
  Permissions all{.publish = {site + "who." + client.name, site + "node.*." + client.name + ".*.*", site + "file.*.*",
                              site + "store.find"},
                  .subscribe = {site + "up." + client.name + ".>", site + "here." + client.name + ".>",
                                "_INBOX." + client.name + ".>"}};
  // Who makes the stream says what it keeps, and for how long.
  if (client.makes_store) all.publish.push_back(site + "store.create");
  return all;
}

std::string format_list(const Subjects& subjects) {
  // Names have no character that would need more than quotes.
  return fmt::format("[\"{}\"]", fmt::join(subjects, "\", \""));
}

std::string format_permissions(const Permissions& all) {
  return fmt::format("      publish: {},\n      subscribe: {} }} }}", format_list(all.publish),
                     format_list(all.subscribe));
}

std::string format_member(const std::string& site, const Member& member) {
  const auto user = [&](std::string_view what, const Permissions& permissions) {
    return fmt::format("{}{}{}{}\n{}{}, permissions: {{\n{}", kMark, what, member.name,
                       member.makes_store ? kStoreMark : "", kKeyMark, member.key, format_permissions(permissions));
  };
  switch (member.kind) {
    case MemberKind::kHost:
      return user(kHost, host_permissions(site, member.name));
    case MemberKind::kClient:
      return user(kClient, client_permissions(site, member));
    case MemberKind::kNobody:
      break;
  }
  return fmt::format("{}{}\n{}{}, permissions: {{ publish: {{ deny: \">\" }}, subscribe: {{ deny: \">\" }} }} }}",
                     kMark, kNobody, kKeyMark, member.key);
}

// What stands behind the mark of a member.
std::optional<Member> member_of(std::string_view text) {
  Member member;
  if (text == kNobody) return member;
  if (text.starts_with(kHost)) {
    member.kind = MemberKind::kHost;
    member.name = text.substr(kHost.size());
    return broker::is_host(member.name) ? std::optional(member) : std::nullopt;
  }
  if (!text.starts_with(kClient)) return std::nullopt;
  member.kind = MemberKind::kClient;
  text.remove_prefix(kClient.size());
  member.makes_store = text.ends_with(kStoreMark);
  if (member.makes_store) text.remove_suffix(kStoreMark.size());
  member.name = text;
  return broker::is_name(member.name) ? std::optional(member) : std::nullopt;
}

bool is_key(std::string_view text) {
  return text.size() == kKeySize && text.front() == 'U' &&
         std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'); });
}

}  // namespace

std::string format_users(std::string_view site, const std::vector<Member>& members) {
  const std::string prefix = "rstap." + std::string(site) + ".";
  std::string text = fmt::format(
      "# Who may connect to the broker of site {}. `rstap fleet` writes this file anew: what you change in it is "
      "lost.\n"
      "# nats-server reads it at its start, and when it is told to: nats-server --signal reload\n"
      "users = [\n",
      site);
  for (const Member& member : members) {
    text += format_member(prefix, member) + (&member == &members.back() ? "\n" : ",\n");
  }
  return text + "]\n";
}

Result<std::vector<Member>> parse_users(std::string_view text) {
  std::vector<Member> members;
  std::optional<Member> open;
  std::size_t number = 0;
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::kUsage, fmt::format("{}: {}; take the file back from where you keep copies", number, why));
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.starts_with(kMark)) {
      if (open) return refuse("the member before has no key");
      open = member_of(line.substr(kMark.size()));
      if (!open) return refuse("it is neither nobody, a host nor a client");
    } else if (line.starts_with(kKeyMark)) {
      if (!open) return refuse("it is not said whose key it is");
      open->key = line.substr(kKeyMark.size(), kKeySize);
      if (!is_key(open->key)) return refuse("it is no public NKey (U...)");
      members.push_back(*open);
      open.reset();
    }
  }
  if (open || members.empty()) return refuse("the end is missing");
  return members;
}

}  // namespace stapsh::client
