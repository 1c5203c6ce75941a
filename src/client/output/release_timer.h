// SPDX-License-Identifier: Apache-2.0
// In a live run, what a sink holds goes when its time is over, not with the next event. A replay needs none of it: its
// events tell the time.
#pragma once

#include <optional>

#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/output/faults.h"
#include "client/output/standard_streams.h"
#include "client/output/timed_sink.h"
#include "sys/clock.h"

namespace stapsh::client {

class ReleaseTimer : public EventSink {
 public:
  /// All are lent.
  ReleaseTimer(asio::io_context& io, TimedSink& sink, StandardStreams& streams, Faults& faults)
      : sink_(sink), streams_(streams), faults_(faults), timer_(io) {}

  void on_event(const Event&) override {}
  void on_pause() override {
    const std::optional<WallTime> due = sink_.next_release();
    if (due == armed_) return;
    armed_ = due;
    timer_.cancel();
    if (!due) return;
    timer_.expires_after(std::max(*due - sys::wall_now(), WallTime{}));
    timer_.async_wait([this](asio::error_code error) {
      if (error) return;
      armed_.reset();
      faults_.contain("the output", [this] {
        sink_.release(sys::wall_now());
        streams_.on_pause();
      });
      on_pause();
    });
  }

 private:
  TimedSink& sink_;
  StandardStreams& streams_;
  Faults& faults_;
  asio::steady_timer timer_;
  std::optional<WallTime> armed_;
};

}  // namespace stapsh::client
