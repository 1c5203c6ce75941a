// SPDX-License-Identifier: Apache-2.0
// One target from connecting to its end: performs a ClientSession's effects over a transport, one
// coroutine for each target. The decisions are the session's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "client/async/asio_types.h"
#include "client/build/build_cache.h"
#include "client/build/module.h"
#include "client/events/event.h"
#include "client/options/rstap_options.h"
#include "client/run/agent_input.h"
#include "client/run/connect_slots.h"
#include "client/run/event_hub.h"
#include "client/run/start_gate.h"
#include "client/targets/target_list.h"
#include "client/transport/transport.h"
#include "session/client_session.h"

namespace stapsh::client {

/// Whether a runner of any target has begun.
struct FirstStart {
  Condition event;
  bool happened = false;
};

/// What all targets of a run share; lent.
struct RunContext {
  asio::io_context& io;
  const RstapOptions& options;
  EventHub& events;
  ConnectSlots& slots;
  BuildCache& builds;
  StartGate& gate;
  FirstStart& started;
  std::size_t targets;   ///< How many there are.
  std::string& scratch;  ///< Where every target's bytes are read to: one at a time.
};

class TargetRun {
 public:
  /// `transport`: none for who has no agent, and overrides run().
  TargetRun(RunContext context, Target target, std::unique_ptr<Transport> transport)
      : context_(context),
        target_(std::move(target)),
        transport_(std::move(transport)),
        timer_(context.io),
        idle_(context.io) {}
  virtual ~TargetRun() = default;

  /// The whole life of the target. Afterwards outcome() is set, and nothing of it is left here.
  virtual Awaitable<> run();
  /// Stop gracefully; the second time cuts the grace short.
  virtual void stop();
  /// Give up waiting for it.
  virtual void abandon(std::string_view reason);

  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] TargetState state() const { return state_; }
  /// With what its runner is at while it stops: "stopping: bpftrace detaches, 120 of 361 left".
  [[nodiscard]] std::string state_text() const;
  /// Whether its runner has begun.
  [[nodiscard]] bool has_run() const { return has_run_; }
  [[nodiscard]] const std::optional<Outcome>& outcome() const { return outcome_; }

 protected:
  void set_state(TargetState state);
  void explain_silence(Outcome& outcome) const;
  void set_outcome(Outcome outcome);
  void emit(Event::What what);
  /// Many follow: who takes them waits for hub.on_pause().
  void emit_output(Stream stream, std::string_view bytes, std::optional<WallTime> time = {});
  void emit_connected(const Connected& connected);
  void emit_end();
  /// For who wants details (-v).
  void note(std::string text);
  void note_work(const WorkingLine& work);
  /// Once: it will not be ready any more, or is.
  void leave_gate(bool ready);

  RunContext context_;
  Target target_;
  bool stopping_ = false;
  bool gate_left_ = false;
  bool has_run_ = false;
  bool touched_ = false;  // It was sent something that can be left there.

 private:
  Awaitable<> attempt(bool sweep_only);
  Awaitable<> prove_clean();
  Awaitable<> finish_connecting();
  Awaitable<> tidy();
  Awaitable<> read_output();
  Awaitable<> read_errors();
  Awaitable<> write_input();
  Awaitable<> get_module(HelloLine hello);
  Awaitable<> start_when_due();
  Awaitable<TransportEnd> close_transport();
  void drain_effects();
  void on_errors(std::string_view bytes);
  void say_lines(std::string_view text);
  void arm_timer();
  void release_slot();
  template <typename Coroutine>
  void spawn(Coroutine coroutine);

  std::unique_ptr<Transport> transport_;
  std::optional<ClientSession> session_;
  Connection connection_;
  std::optional<Descriptor> from_agent_, errors_;
  std::optional<AgentInput> to_agent_;
  std::string stream_error_;  // Why not all was read that the agent said, or not all was sent that it needs.
  asio::steady_timer timer_;
  std::optional<TimePoint> armed_;
  int helpers_ = 0;  // Coroutines of this target besides run().
  Condition idle_;   // One of them ended.
  bool holds_slot_ = false;
  std::string host_;          // For ConnectSlots.
  std::string session_id_;    // What its agent calls it.
  std::string early_errors_;  // Standard error before the run: ssh's own words.
  std::shared_ptr<const Module> module_;
  bool sweepable_ = false;  // Its agent knows sweep.
  std::string untidy_;      // What a connection may have left behind.
  bool abandoned_ = false;  // A person gave up waiting.
  TargetState state_ = TargetState::kConnecting;
  bool proving_ = false;    // The run is over; whether anything is left of it is asked.
  std::string doing_;       // What its runner is at while it stops,
  TimePoint note_work_at_;  // and when a person may be told again.
  std::optional<Outcome> outcome_;
  std::uint64_t output_bytes_[2] = {};
};

}  // namespace stapsh::client
