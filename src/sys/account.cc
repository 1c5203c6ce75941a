// SPDX-License-Identifier: Apache-2.0
#include "sys/account.h"

#include <fcntl.h>

#include <algorithm>

#include "base/parse_int.h"
#include "sys/open_inside.h"

namespace stapsh::sys {
namespace {

constexpr std::size_t kAccountBytesMax = std::size_t{16} << 20;
constexpr uid_t kIdMax = 0xffff'fffe;  // The one above stands for "as it is" in the calls that take one.

Result<std::string> read_file(const char* path) {
  const UniqueFd file = TRY(open_at(AT_FDCWD, path, O_RDONLY));
  return read_whole(file.get(), kAccountBytesMax);
}

// What stands before `end`, which goes with it.
std::string_view take_piece(std::string_view& rest, char end) {
  const std::string_view piece = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(rest.size(), piece.size() + 1));
  return piece;
}

bool is_member(std::string_view members, std::string_view name) {
  while (!members.empty()) {
    if (take_piece(members, ',') == name) return true;
  }
  return false;
}

struct Group {
  std::string_view name;
  gid_t id;
  std::string_view members;
};

// NAME:PASSWORD:GID:MEMBER,…
std::vector<Group> parse_groups(std::string_view rest) {
  std::vector<Group> groups;
  while (!rest.empty()) {
    std::string_view line = take_piece(rest, '\n');
    const std::string_view name = take_piece(line, ':');
    (void)take_piece(line, ':');
    const Result<gid_t> id = parse_int<gid_t>(take_piece(line, ':'), 0, kIdMax);
    if (id) groups.push_back({name, *id, line});
  }
  return groups;
}

void add_groups(Account& account, std::string_view name, std::string_view text) {
  const std::vector<Group> groups = parse_groups(text);
  for (const Group& group : groups) {
    if (is_member(group.members, name)) account.groups.push_back(group.id);
  }
  for (const Group& group : groups) {  // Two lines may have one number.
    const bool has = group.id == account.group || std::ranges::find(account.groups, group.id) != account.groups.end();
    if (has) account.group_names.emplace_back(group.name);
  }
}

}  // namespace

Result<Account> account_of(std::string_view name, std::string_view passwd, std::string_view groups) {
  // NAME:PASSWORD:UID:GID:…; the first line counts.
  while (!passwd.empty()) {
    std::string_view line = take_piece(passwd, '\n');
    if (take_piece(line, ':') != name) continue;
    (void)take_piece(line, ':');
    const Result<uid_t> user = parse_int<uid_t>(take_piece(line, ':'), 0, kIdMax);
    const Result<gid_t> group = parse_int<gid_t>(take_piece(line, ':'), 0, kIdMax);
    if (!user || !group) return fail(Errc::kSystem, "its line in /etc/passwd has no uid and gid");
    Account account{.user = *user, .group = *group};
    add_groups(account, name, groups);
    return account;
  }
  return fail(Errc::kSystem, "no such user in /etc/passwd");
}

Result<Account> find_account(std::string_view name) {
  const std::string passwd = TRY(read_file("/etc/passwd"));
  const std::string groups = TRY(read_file("/etc/group"));
  return account_of(name, passwd, groups);
}

}  // namespace stapsh::sys
