// SPDX-License-Identifier: Apache-2.0
// What an AgentSession asks the policy of its machine, what it remembers for that, and what it has logged of it.
#include <utility>

#include "session/agent_session.h"

namespace stapsh {

namespace {

// Of one session: who asks again and again fills no log.
constexpr unsigned kRefusalsLoggedMax = 20;

}  // namespace

policy::Decision AgentSession::decide(const policy::RunRequest& request) const {
  return settings_.gate ? settings_.gate->decide(request) : policy::Decision{true, 0, {}, {}};
}

// Why the owner of this machine does not allow it; empty: it is allowed.
std::string AgentSession::refusal(const policy::RunRequest& request, const policy::Decision& decision) {
  if (decision.allowed) return {};
  std::optional<policy::AuditRecord> record = log_of(request, decision);
  if (record && refusals_logged_ < kRefusalsLoggedMax) {
    record->event = policy::AuditRecord::Event::kRefused;
    if (++refusals_logged_ == kRefusalsLoggedMax) record->reason += "; further ones of this session are not logged";
    emit(WriteLog{*std::move(record)});
  }
  return "refused: " + decision.reason;
}

// Without a file that was refused it would be another run than was meant.
policy::Decision AgentSession::decide_run(const policy::RunRequest& request) {
  policy::Decision decision = refused_ ? *refused_ : decide(request);
  if (decision.allowed) logged_run_ = log_of(request, decision);
  return decision;
}

void AgentSession::check(const CheckCommand& command) {
  if (rfc() || runner_lives()) return answer_error("check: not now");
  const RunnerKind by_name = runner_kind_for_module(command.files.front().name).value_or(RunnerKind::kStaprun);
  policy::RunRequest request{dialect_.runner_kind.value_or(by_name), command.args, {}};
  for (const CheckCommand::File& file : command.files) request.files.push_back({file.name, file.digest});
  const std::string why = refusal(request, decide(request));
  why.empty() ? answer_ok() : answer_error(why);
}

// What no arguments would make right is refused before anything is written.
std::string AgentSession::refuse_kind(const std::string& file_name) {
  const RunnerKind by_name = kind_from_file_.value_or(runner_kind_for_module(file_name).value_or(RunnerKind::kStaprun));
  const policy::RunRequest request{dialect_.runner_kind.value_or(by_name), std::nullopt, {{file_name, {}}}};
  const policy::Decision decision = decide(request);
  if (!decision.allowed && !refused_) refused_ = decision;
  return refusal(request, decision);
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

// --- The log.

std::optional<policy::AuditRecord> AgentSession::log_of(const policy::RunRequest& request,
                                                        const policy::Decision& decision) const {
  if (!settings_.gate || !settings_.gate->logs()) return std::nullopt;
  policy::AuditRecord record;
  record.asked = settings_.gate->policy.logging;
  record.who = policy::who_word(settings_.gate->peer);
  record.session = dialect_.session_id.value_or("");
  record.runner = runner_name(request.runner);
  record.files = request.files;
  record.args = request.args;
  record.line = decision.line;
  record.reason = decision.reason;
  return record;
}

void AgentSession::log_failure(const Error& error) {
  if (!logged_run_) return;
  policy::AuditRecord record = *std::exchange(logged_run_, std::nullopt);
  record.event = policy::AuditRecord::Event::kFailed;
  record.reason = error.what;
  emit(WriteLog{std::move(record)});
}

void AgentSession::log_end(const ExitLine& exit, const std::vector<LeftLine>& left) {
  if (!logged_run_) return;
  policy::AuditRecord record = *std::exchange(logged_run_, std::nullopt);
  record.event = policy::AuditRecord::Event::kEnded;
  record.reason = unasked_;
  record.exit_code = exit.code;
  record.signal = exit.signal;
  record.left.emplace();
  for (const LeftLine& thing : left) record.left->push_back(thing.kind + " " + thing.name);
  emit(WriteLog{std::move(record)});
}

}  // namespace stapsh
