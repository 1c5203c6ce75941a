// SPDX-License-Identifier: Apache-2.0
// Signals that would end us, told of instead, while nothing else takes them.
#pragma once

#include <functional>
#include <memory>

#include "client/async/asio_types.h"
#include "sys/signal_fd.h"

namespace stapsh::client {

/// SIGHUP, SIGINT and SIGTERM, without those that are ignored (nohup) and those that came before. As long as it lives.
class CaughtSignals {
 public:
  CaughtSignals(asio::io_context& io, std::function<void(int signo)> on_signal);
  CaughtSignals(const CaughtSignals&) = delete;
  CaughtSignals& operator=(const CaughtSignals&) = delete;
  ~CaughtSignals() = default;

 private:
  void wait();

  std::function<void(int signo)> on_signal_;
  sys::SignalFd signals_;
  Descriptor waiter_;
  // A handler that is called late, when we have gone, sees that.
  std::shared_ptr<bool> here_ = std::make_shared<bool>();
};

}  // namespace stapsh::client
