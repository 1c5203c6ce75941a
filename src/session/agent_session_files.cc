// SPDX-License-Identifier: Apache-2.0
// Files whose digests an AgentSession was told: verified as they come, or taken from those that are kept.
#include <utility>

#include "base/assert.h"
#include "protocol/quoted.h"
#include "session/agent_session.h"

namespace stapsh {
namespace {

constexpr std::size_t kShownDigits = 12;

std::string beginning(std::string_view digest) { return std::string(digest.substr(0, kShownDigits)); }

}  // namespace

// Why there may be no further file of that name, however it comes; empty: there may.
std::string AgentSession::why_no_file(const std::string& name) const {
  if (runner_lives()) return "file: a runner lives already";
  if (const Result<> good = check_file_name(name); !good) return good.error().what;
  if (files_ < settings_.limits.files_max) return {};
  return "file " + name + ": one more than files-max (" + std::to_string(settings_.limits.files_max) + ")";
}

void AgentSession::finish_file(const ReceivingData& data) {
  const std::string digest = digest_ ? digest_->finish() : std::string();
  digest_.reset();
  if (!uploaded_.empty()) uploaded_.back().digest = digest;
  AwaitingOutcome outcome{data.name};
  if (!data.digest.empty() && digest != data.digest) {
    outcome.objection = "what came has the SHA256 " + beginning(digest) + "..., and not " + beginning(data.digest) +
                        "...: it was changed on its way; send it again";
  }
  const bool keeps = keeps_ && !data.digest.empty() && outcome.objection.empty();
  input_ = std::move(outcome);
  emit(CommitFile{keeps ? digest : std::string()});
}

// What cannot be taken costs nothing: no name is used, and no kind of runner is chosen.
void AgentSession::have(const HaveCommand& command) {
  if (rfc() || runner_lives()) return answer_error("have: not now");
  if (!dialect_.verifies) return answer_error("have: say option digest first");
  std::string error = why_no_file(command.name);
  if (error.empty()) error = refuse_kind(command.name);
  if (error.empty() && !keeps_) error = "have " + command.name + ": nothing is kept; say option keep first, or send it";
  if (!error.empty()) return answer_error(error);
  input_ = AwaitingOutcome{command.name, command.digest};
  emit(TakeKept{command.name, command.digest, settings_.limits.files_bytes_max - files_bytes_});
}

void AgentSession::on_kept_taken(std::uint64_t size) {
  const auto* awaiting = std::get_if<AwaitingOutcome>(&input_);
  if (!awaiting) return;  // It was stopped meanwhile.
  if (++files_ == 1) kind_from_file_ = runner_kind_for_module(awaiting->file_name);
  files_bytes_ += size;
  input_ = ReadingLine{};
  answer_ok();
}

void AgentSession::on_kept_absent(const Error& error) {
  const auto* awaiting = std::get_if<AwaitingOutcome>(&input_);
  if (!awaiting) return;
  const std::string text = "have " + awaiting->file_name + ": " + error.what;
  input_ = ReadingLine{};
  answer_error(text);
}

void AgentSession::on_keeping(const std::string& folder) {
  if (!std::holds_alternative<AwaitingOutcome>(input_)) return;
  keeps_ = true;
  input_ = ReadingLine{};
  answer_ok(std::string(kKeptAnswer) + quote(folder));
}

void AgentSession::on_no_keeping(const Error& error) {
  if (!std::holds_alternative<AwaitingOutcome>(input_)) return;
  input_ = ReadingLine{};
  answer_error("option keep: " + error.what);
}

}  // namespace stapsh
