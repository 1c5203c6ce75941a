// SPDX-License-Identifier: Apache-2.0
// Who may connect to a site's broker.
#pragma once

#include <string>

namespace stapsh::client {

enum class MemberKind {
  kNobody,  ///< Has no seed: a list of users that is empty would let everybody in.
  kHost,
  kClient,
};

struct Member {
  MemberKind kind = MemberKind::kNobody;
  std::string name;          ///< As src/broker/subjects.h has it; empty for kNobody.
  std::string key;           ///< The public half of its NKey, U….
  bool makes_store = false;  ///< A client that may make the stream of files, too.
  bool operator==(const Member&) const = default;
};

}  // namespace stapsh::client
