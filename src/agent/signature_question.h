// SPDX-License-Identifier: Apache-2.0
// `ssh-keygen -Y`: who has signed something. All that it reads it is handed as descriptors, for the process that
// asks should be somebody who can read nothing.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "policy/policy_decision.h"
#include "session/run_signatures.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {

inline constexpr std::string_view kTooSlow = "ssh-keygen took too long to say who signed it";

/// What ssh-keygen goes by; lent.
struct SignatureFiles {
  std::vector<int> signers_by_key;  ///< signers_with_one_line_a_key(); together they are allowed_signers.
  int allowed_signers = -1;
  int revoked_keys = -1;  ///< -1: nobody's.
};

/// What a question is about.
struct SignedThing {
  sys::UniqueFd message, signature;
  std::string_view name_space;
  std::vector<std::string> principals;
  std::string trouble;  ///< Why it can't be asked after; empty: it can.
};

/// Where it lies, in the folders of runner_finder.h; empty: nowhere.
std::string ssh_keygen_path();

/// ssh-keygen says whose a key is by the first line that has it. So: the lines of an allowed_signers file in as many
/// files as it takes for each of them to have each key once; one, as a rule.
std::vector<std::string> signers_with_one_line_a_key(std::string_view allowed_signers);

/// Which of `wanted` a principal may be that ssh-keygen found, by a line each, where lines have patterns.
std::vector<std::string> candidates_for(const std::vector<std::string>& wanted, std::string_view found);

/// How it is executed.
struct SshKeygen {
  std::string path;
  int fd = -1;  ///< That `path` names (/proc/self/fd/N); -1: it names a file.
};

/// Until `deadline`; whoever takes longer is killed.
policy::Signers ask_who_signed(const SshKeygen& ssh_keygen, const SignedThing& thing, const SignatureFiles& files,
                               TimePoint deadline);

/// What ssh-keygen -v said when it refused, as a reason for a person. `is_revoked`: without the revoked keys it did
/// not.
std::string refusal_of_ssh_keygen(std::string_view said, std::string_view principal, bool is_revoked);

}  // namespace stapsh::agent
