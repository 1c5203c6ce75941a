// SPDX-License-Identifier: Apache-2.0
#include "session/run_signatures.h"

#include <algorithm>
#include <utility>

namespace stapsh {
namespace {

// Of the statements that are about this client.
std::vector<std::string> wanted(const policy::Gate& gate, std::vector<std::string> policy::Statement::*list) {
  std::vector<std::string> principals;
  for (const policy::Statement& statement : gate.policy.statements) {
    if (!statement.who.holds_for(gate.peer)) continue;
    for (const std::string& each : statement.*list) {
      if (std::ranges::find(principals, each) == principals.end()) principals.push_back(each);
    }
  }
  return principals;
}

}  // namespace

Result<> RunSignatures::set_manifest(std::string_view signed_text) {
  const policy::SignedText parts = policy::split_signed(signed_text);
  if (parts.signature.empty()) return fail(Errc::kPeer, "manifest: there is no signature behind it");
  manifest_ = TRY(policy::parse_manifest(parts.text));
  manifest_text_ = parts.text;
  manifest_signature_ = parts.signature;
  manifest_signers_.reset();
  return {};
}

std::vector<SignatureQuestion> RunSignatures::questions(const policy::Gate& gate, const policy::RunRequest& request,
                                                        bool with_files) {
  std::vector<SignatureQuestion> questions;
  asked_.clear();
  const std::vector<std::string> operators = wanted(gate, &policy::Statement::operators);
  if (manifest_ && !manifest_signers_ && !operators.empty()) {
    questions.push_back({{}, manifest_text_, manifest_signature_, policy::kRunNamespace, operators});
    asked_.emplace_back();
  }
  const std::vector<std::string> signers = wanted(gate, &policy::Statement::signers);
  if (!with_files || signers.empty()) return questions;
  for (const policy::UploadedFile& file : request.files) {
    const auto signature = of_files_.find(file.name);
    if (signature == of_files_.end()) continue;
    questions.push_back({file.name, {}, signature->second, policy::kProgramNamespace, signers});
    asked_.push_back(file.name);
  }
  return questions;
}

void RunSignatures::note_answers(std::vector<policy::Signers> answers) {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    policy::Signers answer{{}, "nobody could say who signed it", false};
    if (i < answers.size()) answer = std::move(answers[i]);
    if (asked_[i].empty()) {
      manifest_signers_ = std::move(answer);
    } else {
      signers_[asked_[i]] = std::move(answer);
    }
  }
  asked_.clear();
}

void RunSignatures::fill_in(policy::RunRequest& request, const policy::Gate& gate, bool with_files,
                            WallTime now) const {
  for (policy::UploadedFile& file : request.files) {
    const auto known = signers_.find(file.name);
    file.signers = {};
    if (with_files && known != signers_.end()) file.signers = known->second;
    file.signers.unknown = !with_files && of_files_.contains(file.name);
  }
  request.operators = {};
  if (!manifest_) return;
  request.target = manifest_->target;
  std::string fault = policy::why_not_covered(*manifest_, request, gate.nonce, now);
  if (manifest_signers_) request.operators = *manifest_signers_;
  // What is right is said of its own run alone; a signature that is none comes first.
  const bool is_signed = !request.operators.principals.empty();
  if (is_signed && !fault.empty()) request.operators = {{}, std::move(fault), false};
}

}  // namespace stapsh
