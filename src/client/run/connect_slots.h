// SPDX-License-Identifier: Apache-2.0
// How many targets are being connected at once: --fanout in all, and fewer to one host, whose sshd
// starts to refuse at ten unauthenticated connections (MaxStartups 10:30:100).
#pragma once

#include <map>
#include <string>

#include "client/async/asio_types.h"

namespace stapsh::client {

inline constexpr unsigned kFanoutDefault = 32;
inline constexpr unsigned kConnectsPerHostMax = 8;

class ConnectSlots {
 public:
  ConnectSlots(asio::io_context& io, unsigned fanout) : fanout_(fanout), changed_(io) {}

  /// Waits for a slot. `host` may be empty: no limit of its own.
  Awaitable<> acquire(std::string host) {
    while (!cancelled_ && (taken_ >= fanout_ || (!host.empty() && per_host_[host] >= kConnectsPerHostMax))) {
      co_await changed_.wait();
    }
    ++taken_;
    if (!host.empty()) ++per_host_[host];
  }
  void release(const std::string& host) {
    --taken_;
    if (!host.empty()) --per_host_[host];
    changed_.announce();
  }
  /// Nobody waits any more: the run is being stopped.
  void cancel() {
    cancelled_ = true;
    changed_.announce();
  }

 private:
  unsigned fanout_;
  unsigned taken_ = 0;
  std::map<std::string, unsigned> per_host_;
  bool cancelled_ = false;
  Condition changed_;
};

}  // namespace stapsh::client
