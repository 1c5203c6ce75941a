// SPDX-License-Identifier: Apache-2.0
// One session over one connection: performs a ClientSession's effects. The decisions are the session's.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/async/asio_types.h"
#include "client/build/module.h"
#include "client/run/agent_bringing.h"
#include "client/run/agent_streams.h"
#include "client/run/attached_probes.h"
#include "client/run/becoming.h"
#include "client/run/run_context.h"
#include "client/run/target_progress.h"
#include "client/targets/target_list.h"
#include "client/transport/transport.h"
#include "session/client_session.h"

namespace stapsh::client {

class Attempt {
 public:
  struct Purpose {
    std::string session;      ///< What the agent shall call the session.
    bool sweep_only = false;  ///< Nothing is run: what dead sessions left is removed, and that session asked after.
    bool after_stop = false;  ///< Wanted although the run is being stopped.
  };
  using Finish = std::function<void(Outcome outcome)>;

  /// All of it is lent but `purpose`. `finish` is told once, as soon as the outcome is known.
  Attempt(const RunContext& context, const Target& target, const Transport& transport, TargetProgress& progress,
          Purpose purpose, Finish finish);

  /// From a free slot to the end of the connection. Nothing of it is left here afterwards.
  Awaitable<> run();
  /// Stop gracefully; the second time cuts the grace short.
  void stop();
  /// For the runner, if it runs.
  void signal(int signo);
  /// Give up waiting.
  void abandon(std::string_view reason);

  /// What was said on standard error before the run: ssh's own words. Without what a person has answered there.
  [[nodiscard]] std::string early_errors() const { return concealed(early_errors_); }
  /// Whether an agent answered to all that it was asked.
  [[nodiscard]] bool connected() const { return connected_; }
  /// Whether that broke off behind an agent's greeting.
  [[nodiscard]] bool connection_lost() const { return session_ && session_->connection_lost(); }
  /// Whether there was a module for it.
  [[nodiscard]] bool has_module() const { return module_ != nullptr; }
  /// Whether its agent knows how to sweep.
  [[nodiscard]] bool sweepable() const { return sweepable_; }
  /// Whether something of an agent that was being brought may be left there.
  [[nodiscard]] bool is_adrift() const { return bringing_ && bringing_->is_adrift(); }
  /// What the connection may have left behind, for a person; empty: nothing.
  [[nodiscard]] const std::string& untidy() const { return untidy_; }

 private:
  void open();
  Awaitable<> live();
  Awaitable<> talk();
  Awaitable<> part();
  Awaitable<> read_output();
  Awaitable<> write_input();
  void on_output(const Output& output);
  Awaitable<> get_module(HelloLine hello, bool prints_maps_by_probe);
  Awaitable<> start_when_due();
  Awaitable<TransportEnd> close();
  [[nodiscard]] std::string explain_end(std::optional<int> exit_code) const;
  [[nodiscard]] std::string concealed(std::string_view text) const;
  [[nodiscard]] std::string last_words() const;
  void take_bytes(std::string_view bytes);
  void drain_effects();
  void on_connected(const Connected& connected);
  void on_ready();
  void on_finished(Outcome outcome);
  void finish(Outcome outcome);
  void on_fault(std::exception_ptr bug) noexcept;
  /// What is thrown in `work` ends the attempt, and nothing else.
  Awaitable<> guarded(Awaitable<> work);
  template <typename Work>
  void guard(Work work) noexcept;
  void on_errors(std::string_view bytes);
  void arm_timer();
  void on_timer();
  void stop_session(bool again);
  [[nodiscard]] bool is_unwanted() const { return abandoned_ || (stopping_ && !purpose_.after_stop); }
  /// Nothing is to be said to the session any more.
  [[nodiscard]] bool is_deaf() const { return fault_ || !session_ || session_->ended(); }
  [[nodiscard]] bool is_over() const { return is_deaf() || stopping_; }
  template <typename Start>
  void start_helper(const Start& start);
  template <typename Coroutine>
  void spawn(Coroutine coroutine);

  RunContext context_;
  const Target& target_;
  const Transport& transport_;
  TargetProgress& progress_;
  Purpose purpose_;
  Finish finish_;
  ConnectSlots::Wait slot_wait_;
  std::optional<ConnectSlot> slot_;
  std::optional<AgentStreams> streams_;
  std::optional<ClientSession> session_;
  std::unique_ptr<AgentBringing> bringing_;  // None: an agent is at the connection's other end.
  std::unique_ptr<Becoming> becoming_;       // None: no sudo there asks for a password.
  asio::steady_timer timer_;
  std::optional<TimePoint> armed_;
  int helpers_ = 0;  // Coroutines and handlers that refer to this, besides run().
  Condition idle_;   // One of them ended.
  std::shared_ptr<const Module> module_;
  AttachedProbes attached_;
  std::string plan_;          // --dry-run: what would run.
  std::string early_errors_;  // As it was said.
  std::string stream_error_;  // Why not all was read that the agent said, or not all was sent that it needs.
  std::string untidy_;
  bool connected_ = false;
  bool sweepable_ = false;
  bool stopping_ = false;
  bool timed_out_ = false;  // The session ended by its timer.
  bool abandoned_ = false;  // A person gave up waiting.
  bool finished_ = false;   // The outcome was told.
  // What was thrown while it was served: the session, which may be in the middle of something, is not touched any more.
  std::exception_ptr fault_;
};

}  // namespace stapsh::client
