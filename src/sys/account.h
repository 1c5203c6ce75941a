// SPDX-License-Identifier: Apache-2.0
// A user of this machine by name. The C library looks names up with plug-ins (nsswitch.conf(5)), which a static program
// has none of: users that only a directory service knows are not found.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::sys {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups{};             ///< Those that have it as a member.
  std::vector<std::string> group_names{};  ///< Of these and of `group`: each name that /etc/group has for them.
};

/// As /etc/passwd and /etc/group say. An Error: there is no such user, or what they say of it is wrong.
Result<Account> find_account(std::string_view name);

/// The same, of the text of these files: passwd(5), group(5).
Result<Account> account_of(std::string_view name, std::string_view passwd, std::string_view groups);

}  // namespace stapsh::sys
