// SPDX-License-Identifier: Apache-2.0
// Which runners are there, and of which version. What is not known of before is asked in a process of its own, since a
// program may take its time to say it, and an agent with a client does not wait.
#pragma once

#include "base/result.h"
#include "protocol/found_runners.h"
#include "sys/process_ref.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {

class RunnerInquiry {
 public:
  RunnerInquiry() = default;
  /// Looks for them. Where nobody can be asked, versions are unknown.
  static RunnerInquiry begin();

  /// Whether a process asks.
  [[nodiscard]] bool asks() const { return process_.valid(); }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  /// Readable once it has asked.
  [[nodiscard]] int fd() const { return answer_.get(); }
  /// Then, or if nobody asks: what was found. Reaps it.
  FoundRunners finish();

 private:
  FoundRunners found_;  // As far as it was known before.
  sys::ProcessRef process_;
  sys::UniqueFd answer_;
};

}  // namespace stapsh::agent
