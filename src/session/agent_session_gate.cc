// SPDX-License-Identifier: Apache-2.0
// What an AgentSession asks the policy of its machine, what it remembers for that, and what it has logged of it.
#include <utility>

#include "base/assert.h"
#include "session/agent_session.h"

namespace stapsh {

namespace {

// Of one session: who asks again and again fills no log.
constexpr unsigned kRefusalsLoggedMax = 20;

}  // namespace

policy::Decision AgentSession::judge(const policy::RunRequest& request) const {
  return settings_.gate ? settings_.gate->decide(request) : policy::Decision{true, 0, {}, {}};
}

// That there is one, and what no client can ask for and every runner is held to.
std::string AgentSession::policy_answer() const {
  if (!settings_.gate) return {};
  std::string answer(kPolicyAnswer);
  if (settings_.tasks) answer += ",tasks=" + std::to_string(*settings_.tasks);
  if (settings_.memory) answer += ",memory=" + std::to_string(*settings_.memory);
  return answer;
}

// Why the owner of this machine does not allow it; empty: it is allowed.
std::string AgentSession::refusal(const policy::RunRequest& request, const policy::Decision& decision) {
  if (decision.allowed) return {};
  log_refusal(request, decision);
  return "refused: " + decision.reason;
}

void AgentSession::log_refusal(const policy::RunRequest& request, const policy::Decision& decision) {
  std::optional<policy::AuditRecord> record = log_of(request, decision);
  if (record && refusals_logged_ < kRefusalsLoggedMax) {
    record->event = policy::AuditRecord::Event::kRefused;
    if (++refusals_logged_ == kRefusalsLoggedMax) record->reason += "; further ones of this session are not logged";
    emit(WriteLog{*std::move(record)});
  }
}

void AgentSession::check(const CheckCommand& command, TimePoint now) {
  if (rfc() || runner_lives()) return answer_error("check: not now");
  const RunnerKind by_name = runner_kind_for_module(command.files.front().name).value_or(RunnerKind::kStaprun);
  policy::RunRequest request{dialect_.runner_kind.value_or(by_name), command.args, {}};
  for (const CheckCommand::File& file : command.files) request.files.push_back({file.name, file.digest});
  decide(std::move(request), false, now);
}

// Who signed it is asked first, where that counts and there is something to ask.
void AgentSession::decide(policy::RunRequest request, bool is_run, TimePoint now) {
  request.environment = dialect_.environment;
  if (!settings_.gate || settings_.gate->nonce.empty()) return conclude(std::move(request), is_run, now);
  std::vector<SignatureQuestion> questions = signatures_.questions(*settings_.gate, request, is_run);
  if (questions.empty() && !signatures_.has_manifest()) {
    signatures_.fill_in(request, *settings_.gate, is_run, {});
    return conclude(std::move(request), is_run, now);
  }
  deciding_ = Deciding{std::move(request), is_run};
  input_ = AwaitingOutcome{{}};
  const policy::Policy& policy = settings_.gate->policy;
  emit(VerifySignatures{std::move(questions), policy.allowed_signers, policy.revoked_keys});
}

void AgentSession::on_signatures_verified(std::vector<policy::Signers> answers, WallTime wall, TimePoint now) {
  if (!std::holds_alternative<AwaitingOutcome>(input_) || !deciding_) return;  // It was stopped meanwhile.
  input_ = ReadingLine{};
  signatures_.note_answers(std::move(answers));
  Deciding deciding = *std::exchange(deciding_, std::nullopt);
  signatures_.fill_in(deciding.request, *settings_.gate, deciding.is_run, wall);
  conclude(std::move(deciding.request), deciding.is_run, now);
}

void AgentSession::conclude(policy::RunRequest request, bool is_run, TimePoint now) {
  // Without a file that was refused it would be another run than was meant. The log has that file's refusal.
  const bool by_file = is_run && refused_;
  const policy::Decision decision = by_file ? *refused_ : judge(request);
  const std::string why = by_file ? "refused: " + decision.reason : refusal(request, decision);
  if (!is_run) return why.empty() ? answer_ok() : answer_error(why);
  if (!why.empty()) {
    answer_error(why);
    if (!rfc()) return;
    broken_ = true;
    return stop(now);
  }
  run_tried_ = true;
  input_ = AwaitingOutcome{{}};
  logged_run_ = log_of(request, decision);
  emit(StartRunner{request.runner, *std::move(request.args), dialect_.framed, dialect_.environment, logged_run_,
                   decision.run_as});
}

// What no arguments would make right is refused before anything is written.
std::string AgentSession::refuse_kind(const std::string& file_name) {
  const RunnerKind by_name = kind_from_file_.value_or(runner_kind_for_module(file_name).value_or(RunnerKind::kStaprun));
  policy::RunRequest request{dialect_.runner_kind.value_or(by_name), std::nullopt, {{file_name, {}}}};
  request.files.front().signers.unknown = request.operators.unknown = true;
  const policy::Decision decision = judge(request);
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

// --- Signatures. They are held in memory: no runner can be told to use one as its program.

void AgentSession::begin_signature(const SignatureCommand& command) {
  std::string error;
  if (rfc() || runner_lives()) {
    error = "signature: not now";
  } else if (const Result<> name = check_file_name(command.name); !name) {
    error = "signature: " + name.error().what;
  } else if (signatures_.count() >= settings_.limits.files_max) {
    error = "signature: one more than files-max (" + std::to_string(settings_.limits.files_max) + ")";
  }
  received_.clear();
  begin_data({ReceivingData::Use::kSignature, command.name, command.size}, error);
}

void AgentSession::begin_manifest(const ManifestCommand& command) {
  received_.clear();
  begin_data({ReceivingData::Use::kManifest, {}, command.size},
             rfc() || runner_lives() ? std::string_view("manifest: not now") : std::string_view());
}

void AgentSession::finish_manifest() {
  const Result<> set = signatures_.set_manifest(std::exchange(received_, {}));
  set ? answer_ok() : answer_error(set.error().what);
}

// --- The log.

std::optional<policy::AuditRecord> AgentSession::log_of(const policy::RunRequest& request,
                                                        const policy::Decision& decision) const {
  if (!settings_.gate || !settings_.gate->logs()) return std::nullopt;
  policy::AuditRecord record;
  record.asked = settings_.gate->policy.logging;
  record.who = policy::who_word(settings_.gate->peer);
  for (const std::string& principal : request.operators.principals) record.who += " operator=" + principal;
  record.session = dialect_.session_id.value_or("");
  record.runner = runner_name(request.runner);
  record.files = request.files;
  record.args = request.args;
  record.environment = dialect_.environment;
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
