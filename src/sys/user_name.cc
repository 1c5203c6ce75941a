// SPDX-License-Identifier: Apache-2.0
#include "sys/user_name.h"

#include <pwd.h>

#include <array>

namespace stapsh::sys {

std::string user_name(uid_t user) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16'384> buffer;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return found->pw_name;
}

}  // namespace stapsh::sys
