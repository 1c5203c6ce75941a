// SPDX-License-Identifier: Apache-2.0
// The signatures that a session's client has sent, and who made them as far as that is known. Pure: whether one is
// right is asked of ssh-keygen, by the shell.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/manifest.h"
#include "policy/policy_decision.h"

namespace stapsh {

/// Which of `principals` made a signature?
struct SignatureQuestion {
  std::string file;  ///< In the workspace, that was signed; empty: `message` was.
  std::string message;
  std::string signature;
  std::string_view name_space;  ///< ssh-keygen's -n.
  std::vector<std::string> principals;
};

class RunSignatures {
 public:
  /// Of a file that is sent, or will be. The last one counts.
  void add(const std::string& file, std::string signature) { of_files_[file] = std::move(signature); }
  [[nodiscard]] std::size_t count() const { return of_files_.size(); }
  /// kPeer: it is no manifest, or there is no signature behind it. The last one counts.
  Result<> set_manifest(std::string_view signed_text);
  [[nodiscard]] bool has_manifest() const { return manifest_.has_value(); }

  /// What must be known before `request` is decided; `with_files`: they have come. Ask, and say what was answered.
  std::vector<SignatureQuestion> questions(const policy::Gate& gate, const policy::RunRequest& request,
                                           bool with_files);
  /// In the order of the questions.
  void note_answers(std::vector<policy::Signers> answers);
  /// Says in `request` who has signed it and its files; of files that have not come that is unknown.
  void fill_in(policy::RunRequest& request, const policy::Gate& gate, bool with_files, WallTime now) const;

 private:
  std::map<std::string, std::string, std::less<>> of_files_;
  std::optional<policy::Manifest> manifest_;
  std::string manifest_text_, manifest_signature_;
  std::optional<policy::Signers> manifest_signers_;              // Once they were asked after.
  std::map<std::string, policy::Signers, std::less<>> signers_;  // Of files, likewise.
  std::vector<std::string> asked_;                               // The files of questions(); empty: the manifest.
};

}  // namespace stapsh
