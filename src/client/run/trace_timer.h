// SPDX-License-Identifier: Apache-2.0
// The time that one target is traced for. It is told what the target does, and says once that the time is over.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "client/async/asio_types.h"
#include "client/options/trace_time.h"

namespace stapsh::client {

class TraceTimer {
 public:
  /// Nothing is ever due without a `time`.
  TraceTimer(asio::io_context& io, std::optional<TraceTime> time) : timer_(io), time_(time) {}

  /// `traced`: the probes were attached, for as long as they should be; else they never were.
  void set_on_due(std::function<void(bool traced)> on_due) { on_due_ = std::move(on_due); }

  void on_started() {
    if (!time_ || std::exchange(started_, true)) return;
    attached_ = !time_->is_told;
    wait(attached_ ? time_->time : time_->attach_limit);
  }
  /// The runner printed something on its standard output.
  void on_output() {
    if (!time_ || !started_ || std::exchange(attached_, true) || over_) return;
    wait(time_->time);
  }
  /// Whatever comes now, nothing is due. What has not begun may begin: another try to connect.
  void end() {
    over_ = started_;
    timer_.cancel();
  }

 private:
  void wait(Duration time) {
    timer_.expires_after(time);
    timer_.async_wait([this](asio::error_code error) {
      // One that is set anew is not over, though its old end may be on its way.
      if (error || over_ || timer_.expiry() > asio::steady_timer::clock_type::now()) return;
      over_ = true;
      if (on_due_) on_due_(attached_);
    });
  }

  asio::steady_timer timer_;
  std::optional<TraceTime> time_;
  std::function<void(bool traced)> on_due_;
  bool started_ = false, attached_ = false, over_ = false;
};

}  // namespace stapsh::client
