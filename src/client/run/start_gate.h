// SPDX-License-Identifier: Apache-2.0
// When a target that is ready may start: at once, or (--together) when every target is ready or has failed, or
// (--all-or-nothing) when every target is ready.
#pragma once

#include <cstddef>
#include <functional>

#include "client/async/asio_types.h"

namespace stapsh::client {

class StartGate {
 public:
  struct Manner {
    bool together = false;
    bool all_or_nothing = false;
  };
  StartGate(asio::io_context& io, std::size_t targets, Manner manner)
      : missing_(targets), manner_(manner), changed_(io) {}

  /// A target is ready, or never will be; once for each.
  void leave(bool ready) {
    if (missing_ > 0) --missing_;
    if (!ready) broken_ = true;
    if (open()) changed_.announce();  // Not for each of a crowd: all would look, each time.
  }
  /// One that was ready, and waits, will not start after all.
  void lose() {
    broken_ = true;
    changed_.announce();
  }
  /// Waits until a target that is ready may start, or does not want to any more. After cancel() it may not: ask whether
  /// it was stopped.
  Awaitable<> wait_open(std::function<bool()> is_over) {
    while (!cancelled_ && !open() && !is_over()) co_await changed_.wait();
  }
  /// The run is being stopped: nobody waits any more.
  void cancel() {
    cancelled_ = true;
    changed_.announce();
  }

 private:
  [[nodiscard]] bool open() const {
    if (manner_.all_or_nothing) return missing_ == 0 && !broken_;
    return !manner_.together || missing_ == 0;
  }

  std::size_t missing_;
  Manner manner_;
  bool broken_ = false;
  bool cancelled_ = false;
  Condition changed_;
};

}  // namespace stapsh::client
