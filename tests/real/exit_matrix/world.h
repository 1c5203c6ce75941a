// SPDX-License-Identifier: Apache-2.0
// Where the cells of one worker happen: a mount namespace with a small file system as TMPDIR and the obedient runner as
// staprun; an agent that listens, an sshd, a broker with a host behind it, and a tap in front of each way to an agent.
// They live through many cells, so that what a session leaves in them shows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/kernel_folder.h"
#include "harness/program.h"
#include "harness/scratch.h"
#include "harness/sshd.h"
#include "nats_site.h"
#include "table.h"

namespace stapsh::matrix {

class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const real::Scratch& scratch() const { return scratch_; }
  /// The folder of the fifos, see tap.cc and obedient_runner.cc.
  std::string control(std::string_view name) const { return scratch_.path("ctl/" + std::string(name)); }
  /// `rstap` with what reaches an agent over `transport`.
  std::vector<std::string> client_words(Transport transport) const;
  /// Nothing, where stapsh was built without.
  NatsSite* nats() const { return nats_.get(); }
  /// The long-lived programs.
  std::vector<int> helpers() const;
  /// Ends the listener; what it leaves, a line for each thing.
  std::vector<std::string> end_listener();

 private:
  real::Scratch scratch_;
  real::KernelFolder storm_;  // Where a storm of forks happens: outside, nobody wants for a process number.
  std::unique_ptr<real::Program> listener_, tap_;
  std::unique_ptr<real::LoopbackSshd> sshd_;
  std::unique_ptr<NatsSite> nats_;
};

}  // namespace stapsh::matrix
