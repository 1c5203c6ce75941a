// SPDX-License-Identifier: Apache-2.0
// `direct:`: the runner as our own child, with no agent between. It is stopped by the same ladder.
#pragma once

#include <exception>

#include "client/build/module.h"
#include "client/run/direct_remains.h"
#include "client/run/target_run.h"
#include "session/stop_ladder.h"
#include "sys/child.h"

namespace stapsh::client {

class DirectRun : public TargetRun {
 public:
  DirectRun(const RunContext& context, Target target);

  Awaitable<> run() override;
  void stop() override;
  void signal(int signo) override;
  void abandon(std::string_view reason) override;

 private:
  Awaitable<Outcome> run_module();
  Awaitable<Outcome> run_contained();
  [[nodiscard]] Result<> check(const Module& module) const;
  Awaitable<Result<>> start(const Module& module);
  Awaitable<> relay(sys::UniqueFd pipe, Stream stream);
  Awaitable<> climb_ladder();
  void start_relay(sys::UniqueFd pipe, Stream stream);
  void start_climbing();
  void stop_runner(bool again);
  void on_fault(std::exception_ptr bug, bool is_pressed = true) noexcept;
  void kill_runner();
  void signal_rung();
  void give_up();

  std::optional<sys::Child> runner_;
  DirectRemains remains_;
  StopLadder ladder_;
  RunnerKind kind_{};
  int stop_signal_ = 0;
  std::string killed_;  // Why, if we did.
  std::array<std::optional<Descriptor>, 2> streams_;
  std::optional<TimePoint> give_up_at_;  // Its output is not waited for any more; from then on, nor its end.
  std::exception_ptr fault_;             // What was thrown while it was served.
  int relays_ = 0;
  Condition relay_ended_;
  asio::steady_timer ladder_timer_;
};

}  // namespace stapsh::client
