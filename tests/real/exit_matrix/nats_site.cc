// SPDX-License-Identifier: Apache-2.0
#include "nats_site.h"

#include <signal.h>

#include <stdexcept>

namespace stapsh::matrix {

NatsSite::NatsSite(const real::Scratch& scratch, const std::string& agent)
    : scratch_(scratch),
      mounts_(scratch.path("mounts-link")),
      server_(std::make_unique<real::NatsServer>(scratch)),
      host_(scratch, mounts_, {.agent = agent}) {
  host_.start_connected(*server_);
}

std::vector<std::string> NatsSite::client_words() const {
  return {"--nats=here.servers=" + server_->url(), "--nats=here.tls=false", "--nats=here.client=ann", "--remote",
          "nats://here/web01"};
}

std::vector<int> NatsSite::helpers() const {
  std::vector<int> pids{server_->pid(), host_.program().pid()};
  if (way_) pids.push_back(way_->pid());
  return pids;
}

void NatsSite::put_way_between() {
  for (const std::string& fault : end_link()) throw real::HarnessError(fault);
  way_ = std::make_unique<real::Way>(scratch_, server_->port());
  host_.start_connected(way_->url());
}

void NatsSite::perform(Event event) {
  real::Program& link = host_.program();
  switch (event) {
    case Event::kBrokerKilled:
      server_->kill();
      broker_lives_ = false;
      break;
    case Event::kBrokerRestarted:
      server_->kill();
      server_->start_again();
      break;
    case Event::kBrokerFrozen:
      server_->freeze();
      break;
    case Event::kPartitioned:
      way_->freeze();
      break;
    case Event::kLinkKilled:
      link.send_signal(SIGKILL);
      link_lives_ = false;
      break;
    case Event::kLinkRestarted:
      link.send_signal(SIGKILL);
      if (!link.wait_gone()) throw real::HarnessError(link.captured());
      host_.start_connected(*server_);
      break;
    case Event::kLinkFrozen:
      link.send_signal(SIGSTOP);
      break;
    default:
      throw std::logic_error(std::string(name_of(event)) + " is nothing that happens to a broker");
  }
}

std::vector<std::string> NatsSite::end_link() {
  real::Program& link = host_.program();
  if (link_lives_) link.send_signal(SIGTERM);
  if (!link.wait_gone()) return {"the link does not end on SIGTERM: " + link.captured()};
  if (link_lives_ && link.exit_code() != 0) return {"the link ended: " + link.captured()};
  return {};
}

void NatsSite::unfreeze() const {
  if (broker_lives_) server_->unfreeze();
  if (way_) way_->unfreeze();
  if (link_lives_) host_.program().send_signal(SIGCONT);
}

std::vector<std::string> NatsSite::mend() {
  unfreeze();
  std::vector<std::string> faults = end_link();
  way_.reset();
  if (!broker_lives_) server_->start_again();
  broker_lives_ = link_lives_ = true;
  host_.start_connected(*server_);
  return faults;
}

}  // namespace stapsh::matrix
