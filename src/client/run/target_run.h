// SPDX-License-Identifier: Apache-2.0
// One target of a run, as the fleet knows it: one coroutine from its begin to its end, and two ways to hasten that.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client/async/asio_types.h"
#include "client/run/run_context.h"
#include "client/run/target_progress.h"
#include "client/targets/target_list.h"

namespace stapsh::client {

class TargetRun {
 public:
  TargetRun(const RunContext& context, Target target)
      : context_(context), target_(std::move(target)), progress_(context, target_.index) {}
  TargetRun(const TargetRun&) = delete;
  TargetRun& operator=(const TargetRun&) = delete;
  virtual ~TargetRun() = default;

  /// The whole life of the target. Afterwards outcome() is set, and nothing of it is left here.
  virtual Awaitable<> run() = 0;
  /// Stop gracefully; the second time cuts the grace short.
  virtual void stop() = 0;
  /// Beside a second stop(): what is asked of a session that was lost is waited for no longer.
  virtual void hurry() {}
  /// Its runner shall get this signal, if one runs.
  virtual void signal(int signo) = 0;
  /// Why stop() is called, for one that has not begun.
  void set_stop_reason(std::string reason) { progress_.set_stop_reason(std::move(reason)); }
  /// Instead of run(): it waits for others, and nothing is done about it.
  void note_waiting() { progress_.set_state(TargetState::kWaiting); }
  void note_wait_over() { progress_.set_state(TargetState::kConnecting); }
  /// Instead of run(): the end of one that has waited.
  void end_unstarted() {
    progress_.leave_gate(false);
    progress_.set_outcome({Outcome::Kind::kStopped, std::nullopt, {}});
    progress_.emit_end();
  }
  /// run() threw, or what it led to: the end of it.
  void end_by(const std::exception_ptr& bug);
  /// Give up waiting for it.
  virtual void abandon(std::string_view reason) = 0;

  /// Told once, when its outcome is known, though what is left may still be asked: what it means for others can't wait.
  void set_on_settled(std::function<void()> on_settled) { on_settled_ = std::move(on_settled); }
  void settle() {
    if (on_settled_) std::exchange(on_settled_, {})();
  }
  /// What the end of its time means; see TraceTimer.
  void set_on_due(std::function<void(bool traced)> on_due) { progress_.set_on_due(std::move(on_due)); }
  /// Before stop(): it has failed, however its runner ends.
  void set_never_traced(std::string reason) { progress_.set_never_traced(std::move(reason)); }
  [[nodiscard]] std::uint64_t stdout_bytes() const { return progress_.stdout_bytes(); }
  /// run() is over.
  void note_ended() { ended_ = true; }
  [[nodiscard]] bool has_ended() const { return ended_; }

  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] TargetState state() const { return progress_.state(); }
  [[nodiscard]] std::string state_text() const { return progress_.state_text(); }
  [[nodiscard]] bool has_run() const { return progress_.has_run(); }
  [[nodiscard]] const std::string& plan() const { return progress_.plan(); }
  [[nodiscard]] bool is_stopping() const { return stopping_; }
  /// Or was asked to.
  [[nodiscard]] bool has_begun() const { return progress_.has_begun(); }
  [[nodiscard]] const std::optional<Outcome>& outcome() const { return progress_.outcome(); }

 protected:
  RunContext context_;
  Target target_;
  TargetProgress progress_;
  bool stopping_ = false;

 private:
  std::function<void()> on_settled_;
  bool ended_ = false;
};

}  // namespace stapsh::client
