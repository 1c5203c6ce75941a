// SPDX-License-Identifier: Apache-2.0
// Where all targets but the canaries wait, before anything is done about them.
#pragma once

#include "client/async/asio_types.h"
#include "client/run/canary_watch.h"
#include "sys/clock.h"

namespace stapsh::client {

class CanaryGate {
 public:
  CanaryGate(asio::io_context& io, const CanaryRule& rule) : watch_(rule), timer_(io), changed_(io) {}

  [[nodiscard]] bool is_canary(std::size_t target) const { return watch_.is_canary(target); }
  void note_running(std::size_t target) {
    watch_.note_running(target, sys::now());
    look_again();
  }
  void note_ended(std::size_t target, bool success) {
    watch_.note_ended(target, success);
    look_again();
  }
  [[nodiscard]] CanaryWatch::Verdict verdict() { return watch_.look(sys::now()); }
  /// Until there is a verdict, or cancel().
  Awaitable<> wait() {
    while (!cancelled_ && verdict() == CanaryWatch::Verdict::kWait) co_await changed_.wait();
  }
  /// The run is being stopped, or over: nobody waits any more.
  void cancel() {
    cancelled_ = true;
    timer_.cancel();
    changed_.announce();
  }

 private:
  void look_again() {
    changed_.announce();
    const std::optional<TimePoint> when = watch_.well_at();
    if (cancelled_ || !when) return;
    timer_.expires_at(*when);
    timer_.async_wait([this](asio::error_code error) {
      if (!error) changed_.announce();
    });
  }

  CanaryWatch watch_;
  asio::steady_timer timer_;
  Condition changed_;
  bool cancelled_ = false;
};

}  // namespace stapsh::client
