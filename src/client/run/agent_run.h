// SPDX-License-Identifier: Apache-2.0
// A target that an agent serves: as many tries to connect as are worth while, and after a session that was lost on the
// way one more connection, which asks what is left of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "client/run/attempt.h"
#include "client/run/target_run.h"
#include "client/transport/transport.h"

namespace stapsh::client {

class AgentRun : public TargetRun {
 public:
  AgentRun(const RunContext& context, Target target, std::unique_ptr<Transport> transport);

  Awaitable<> run() override;
  void stop() override;
  void hurry() override;
  void signal(int signo) override;
  void abandon(std::string_view reason) override;

 private:
  Awaitable<> try_to_run();
  Awaitable<> attempt(Attempt::Purpose purpose, Attempt::Finish finish);
  Awaitable<> pause_before_try(unsigned tries);
  Awaitable<> prove_clean();
  Awaitable<> tidy();
  [[nodiscard]] Attempt::Finish finish();

  std::unique_ptr<Transport> transport_;
  std::string session_id_;  // What its agent calls it.
  std::unique_ptr<Attempt> attempt_;
  std::string untidy_;  // What a connection may have left behind.
  asio::steady_timer pause_;
  bool abandoned_ = false;  // A person gave up waiting.
  bool proving_ = false;    // The run is over; whether anything is left of it is asked.
  bool hurried_ = false;    // And nobody waits for that any more.
};

}  // namespace stapsh::client
