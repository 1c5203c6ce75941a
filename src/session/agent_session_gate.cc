// SPDX-License-Identifier: Apache-2.0
// What an AgentSession asks the policy of its machine, and what it remembers for that.
#include "session/agent_session.h"

namespace stapsh {

// Why the owner of this machine does not allow it; empty: it is allowed.
std::string AgentSession::refusal(const policy::RunRequest& request) const {
  if (!settings_.gate) return {};
  const policy::Decision decision = settings_.gate->decide(request);
  return decision.allowed ? std::string() : "refused: " + decision.reason;
}

void AgentSession::check(const CheckCommand& command) {
  if (rfc() || runner_lives()) return answer_error("check: not now");
  const RunnerKind by_name = runner_kind_for_module(command.files.front().name).value_or(RunnerKind::kStaprun);
  policy::RunRequest request{dialect_.runner_kind.value_or(by_name), command.args, {}};
  for (const CheckCommand::File& file : command.files) request.files.push_back({file.name, file.digest});
  const std::string why = refusal(request);
  why.empty() ? answer_ok() : answer_error(why);
}

// What no arguments would make right is refused before anything is written.
std::string AgentSession::refuse_kind(const std::string& file_name) {
  const RunnerKind by_name = kind_from_file_.value_or(runner_kind_for_module(file_name).value_or(RunnerKind::kStaprun));
  std::string why = refusal({dialect_.runner_kind.value_or(by_name), std::nullopt, {{file_name, {}}}});
  if (refused_.empty()) refused_ = why;
  return why;
}

// One that is `verified` is digested as it comes, whoever asks.
void AgentSession::remember_file(const std::string& name, bool verified) {
  if (settings_.gate) uploaded_.push_back({name, {}});
  if (verified || (settings_.gate && settings_.gate->wants_digests())) digest_.emplace();
}

// It is none of those that a run may name.
void AgentSession::forget_file() {
  digest_.reset();
  if (!uploaded_.empty()) uploaded_.pop_back();
}

}  // namespace stapsh
