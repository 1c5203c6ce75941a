// SPDX-License-Identifier: Apache-2.0
// An sshd on a free port of 127.0.0.1 with keys of its own, and the system's ssh configuration, in our namespace,
// that makes `ssh h0` … `ssh h31` reach it: so every client uses the same plain `ssh`.
#pragma once

#include <memory>
#include <string>

#include "harness/process.h"
#include "harness/site.h"

namespace stapsh::bench {

class LoopbackSshd {
 public:
  explicit LoopbackSshd(const Site& site);
  /// What its users find as `stapsh` in their PATH.
  void offer_agent(const std::string& program) const;
  /// From here on, each connection takes that many milliseconds longer.
  void delay_connections(unsigned milliseconds) const;

 private:
  const Site& site_;
  int port_;
  std::unique_ptr<Process> sshd_;
};

}  // namespace stapsh::bench
