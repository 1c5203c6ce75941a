// SPDX-License-Identifier: Apache-2.0
// What a run is at, while it runs: a status line on standard error's terminal, kept fresh by a timer; a person who
// presses Enter below it is told what each target is at. Where others use the terminal (a shell after ctrl-Z, a pager,
// ssh that asks for a password), it is theirs.
#pragma once

#include <asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/options/rstap_options.h"
#include "client/output/faults.h"
#include "client/output/run_progress.h"
#include "client/output/standard_streams.h"
#include "sys/terminal.h"

namespace stapsh::client {

class Progress : public EventSink {
 public:
  /// None: not wanted, or not where the output goes. `streams` and `faults` are lent.
  static std::unique_ptr<Progress> create(asio::io_context& io, ProgressMode mode, StandardStreams& streams,
                                          Faults& faults, std::function<void()> on_asked);

  void on_event(const Event& event) override;
  void on_asking(bool asking) override;

 private:
  Progress(asio::io_context& io, StandardStreams& streams, Faults& faults, std::function<void()> on_asked)
      : streams_(streams), faults_(faults), on_asked_(std::move(on_asked)), timer_(io), signals_(io) {}

  void start(const event::RunStarted& started);
  void stop();
  void wait(Duration time);
  void on_timer();
  void show_line();
  void show_status();
  [[nodiscard]] bool is_asked_something() const;
  void wait_signal();
  void on_signal(int signo);

  StandardStreams& streams_;
  Faults& faults_;
  std::function<void()> on_asked_;
  bool terminal_ = false;  // Standard error is one.
  bool keys_wanted_ = false;
  std::optional<sys::TerminalKeys> keys_;
  bool asking_ = false;
  RunProgress run_;
  std::string shown_;
  asio::steady_timer timer_;
  asio::signal_set signals_;
};

}  // namespace stapsh::client
