// SPDX-License-Identifier: Apache-2.0
// When a target that is ready may start: at once, or (--together) when every target is ready or has failed.
#pragma once

#include <cstddef>

#include "client/asio_types.h"

namespace stapsh::client {

class StartGate {
 public:
  StartGate(asio::io_context& io, std::size_t targets, bool together)
      : missing_(targets), together_(together), changed_(io) {}

  /// A target is ready: waits until it may start.
  Awaitable<> pass() {
    leave();
    while (together_ && missing_ > 0) co_await changed_.wait();
  }
  /// A target will never be ready.
  void leave() {
    if (missing_ > 0) --missing_;
    if (missing_ == 0) changed_.announce();
  }

 private:
  std::size_t missing_;
  bool together_;
  Event changed_;
};

}  // namespace stapsh::client
