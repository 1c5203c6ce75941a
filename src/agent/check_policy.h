// SPDX-License-Identifier: Apache-2.0
// `stapsh --check-policy`: what is wrong in a policy, or which of its lines decides about a run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/agent_options.h"
#include "base/result.h"

namespace stapsh::agent {

struct PolicyAnswer {
  std::string text;   ///< A line, with its newline.
  int exit_code = 0;  ///< 1: it would be refused.
};

/// An Error says what is wrong in the policy, or which file can't be read.
Result<PolicyAnswer> answer_question(const AgentOptions& options);

/// Words between blanks; those in '…' and "…" keep theirs. kUsage where a quote has no end.
Result<std::vector<std::string>> split_shell_words(std::string_view text);

}  // namespace stapsh::agent
