// SPDX-License-Identifier: Apache-2.0
// The text of a policy file to a Policy. Strict, since what is passed over might have been a refusal: an unknown word
// is an error. The grammar: stapsh-policy(5). Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "policy/policy.h"

namespace stapsh::policy {

/// kUsage: "line 3, column 7: …".
Result<Policy> parse_policy(std::string_view text);

}  // namespace stapsh::policy
