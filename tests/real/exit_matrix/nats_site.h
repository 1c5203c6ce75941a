// SPDX-License-Identifier: Apache-2.0
// A site of one host: a broker, and stapsh-link as web01. What happens to either, and how it becomes whole again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/link_host.h"
#include "harness/mounts.h"
#include "harness/nats_server.h"
#include "harness/scratch.h"
#include "harness/way.h"
#include "table.h"

namespace stapsh::matrix {

class NatsSite {
 public:
  /// `agent`: what the link starts for each session.
  NatsSite(const real::Scratch& scratch, const std::string& agent);

  /// What rstap needs to reach the host.
  std::vector<std::string> client_words() const;
  std::vector<int> helpers() const;

  /// The link connects anew, by a way that can be made to deliver nothing.
  void put_way_between();
  void perform(Event event);
  /// What is frozen goes on.
  void unfreeze() const;
  /// As at the beginning. A line for whatever did not end as it should.
  std::vector<std::string> mend();

 private:
  std::vector<std::string> end_link();

  const real::Scratch& scratch_;
  real::MountNamespace mounts_;
  std::unique_ptr<real::NatsServer> server_;
  std::unique_ptr<real::Way> way_;
  real::LinkHost host_;
  bool broker_lives_ = true, link_lives_ = true;
};

}  // namespace stapsh::matrix
