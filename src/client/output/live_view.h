// SPDX-License-Identifier: Apache-2.0
// --live: at each interval all runners are asked to print their maps, and what they say is shown: on a terminal in
// place, as top does, on its alternate screen, elsewhere as blocks of text. What else comes waits and is on the
// terminal's own screen afterwards, which is as it was before, whatever ends us (but SIGKILL).
#pragma once

#include <asio/signal_set.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/options/answer_request.h"
#include "client/output/faults.h"
#include "client/output/run_progress.h"
#include "client/output/standard_streams.h"
#include "client/output/sum_sink.h"
#include "sys/terminal.h"

namespace stapsh::client {

class LiveView : public EventSink {
 public:
  struct Ways {
    std::function<HeatLook()> look;
    std::function<void(std::span<const std::size_t>)> ask;  ///< Those targets to print their maps.
  };
  /// `sum`, `streams` and `faults` are lent. `request` has an interval.
  LiveView(asio::io_context& io, AnswerRequest request, SumSink& sum, StandardStreams& streams, Faults& faults,
           Ways ways);

  void on_event(const Event& event) override;
  void on_pause() override;

 private:
  void start(const event::RunStarted& started);
  void stop();
  void wait_turn();
  void on_turn();
  void show();
  void show_answers();
  [[nodiscard]] std::string silence_text() const;
  void draw(std::string head);
  void leave();
  void wait_key();
  void wait_signal();
  void on_signal(int signo);

  AnswerRequest request_;
  SumSink& sum_;
  StandardStreams& streams_;
  Faults& faults_;
  Ways ways_;
  bool terminal_;  // Standard output is one that obeys.
  bool running_ = false;
  bool keys_wanted_ = false;
  sys::SingleKeys keys_;
  RunProgress run_;
  TimePoint turn_{};
  std::size_t asked_ = 0;  // How often, with somebody there to ask.
  asio::steady_timer turn_timer_, show_timer_, key_timer_;
  asio::signal_set signals_;
};

}  // namespace stapsh::client
