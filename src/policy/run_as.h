// SPDX-License-Identifier: Apache-2.0
// As whom a runner runs where a line of the policy says so: user= and caps=. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/capability_names.h"
#include "protocol/runner_kind.h"

namespace stapsh::policy {

struct RunAs {
  std::string user;               ///< By name. Empty: as whoever the agent is, with all that it may do.
  Capabilities capabilities = 0;  ///< That the runner has; no other, and none that it could get.

  [[nodiscard]] bool given() const { return !user.empty(); }
  bool operator==(const RunAs&) const = default;
};

/// Whose name it may be: as useradd(8) takes names. Whether there is such a user is another question.
Result<std::string> parse_user(std::string_view name);

/// Why a line for these runners (none: for each) can't say so; empty: it can.
std::string why_no_run_as(const RunAs& run_as, std::span<const RunnerKind> runners);

/// Why an agent that has `own` itself can't start a runner so; empty: it can.
std::string why_not_from(Capabilities own, const RunAs& run_as);

}  // namespace stapsh::policy
