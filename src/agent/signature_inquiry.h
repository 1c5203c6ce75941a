// SPDX-License-Identifier: Apache-2.0
// Who has signed what a client sent: asked in a process of its own, which is nobody where we are root, for
// ssh-keygen reads what strangers made, and an agent with a client does not wait.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "policy/policy_decision.h"
#include "session/agent_effect.h"
#include "sys/process_ref.h"
#include "sys/unique_fd.h"
#include "sys/workspace.h"

namespace stapsh::agent {

class SignatureInquiry {
 public:
  SignatureInquiry() = default;
  SignatureInquiry(SignatureInquiry&&) noexcept = default;
  SignatureInquiry& operator=(SignatureInquiry&&) noexcept = default;
  ~SignatureInquiry();

  /// `workspace`: where the files lie. Where nobody can be asked, the answers say why.
  static SignatureInquiry begin(const VerifySignatures& asked, const sys::Workspace& workspace);

  /// Whether a process asks.
  [[nodiscard]] bool asks() const { return process_.valid(); }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  /// Readable while it says something, and once it has ended.
  [[nodiscard]] int fd() const { return answer_.get(); }
  /// Who has not answered by then is given up: finish().
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  /// Takes what it says; true once that is all.
  bool read();
  /// Then, or when it is late, or if nobody asks: the answers, in the order of the questions. Whoever still asks is
  /// killed with its ssh-keygen, also if they were stopped, and reaped.
  std::vector<policy::Signers> finish();

 private:
  void end();

  std::size_t count_ = 0;  // Of questions.
  std::string trouble_;    // Why nobody was asked.
  std::string said_;
  TimePoint deadline_ = TimePoint::max();
  sys::ProcessRef process_;
  sys::UniqueFd answer_;
};

}  // namespace stapsh::agent
