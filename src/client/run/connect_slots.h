// SPDX-License-Identifier: Apache-2.0
// How many targets are being connected at once: --fanout in all, and fewer to one host, whose sshd
// starts to refuse at ten unauthenticated connections (MaxStartups 10:30:100). Which hosts share one on the way, a
// jump host, is not known here: where connections are shed, all go slower, and faster again with each that succeeds.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "client/async/asio_types.h"

namespace stapsh::client {

inline constexpr unsigned kFanoutDefault = 32;
inline constexpr unsigned kConnectsPerHostMax = 8;
inline constexpr unsigned kConnectsMin = 4;  // Below ten, and one host that is ill must not stop all others.

/// A target's leave to connect, until it is released.
class ConnectSlot {
 public:
  ConnectSlot() = default;
  explicit ConnectSlot(std::function<void()> give_back) : give_back_(std::move(give_back)) {}
  ConnectSlot(ConnectSlot&& other) noexcept : give_back_(std::exchange(other.give_back_, nullptr)) {}
  ConnectSlot& operator=(ConnectSlot&& other) noexcept {
    release();
    give_back_ = std::exchange(other.give_back_, nullptr);
    return *this;
  }
  ~ConnectSlot() { release(); }

  void release() {
    if (const auto give_back = std::exchange(give_back_, nullptr)) give_back();
  }

 private:
  std::function<void()> give_back_;
};

class ConnectSlots {
 public:
  ConnectSlots(asio::io_context& io, unsigned fanout) : fanout_(fanout), limit_(fanout), changed_(io) {}

  /// Waits for a slot; none: it is over before there is one, see look_again(). `host` may be empty: no limit of its
  /// own.
  Awaitable<std::optional<ConnectSlot>> acquire(std::string host, std::function<bool()> is_over) {
    while (!is_over() && (taken_ >= limit_ || (!host.empty() && per_host_[host] >= kConnectsPerHostMax))) {
      co_await changed_.wait();
    }
    if (is_over()) co_return std::nullopt;
    ++taken_;
    if (!host.empty()) ++per_host_[host];
    co_return ConnectSlot([this, host] { release(host); });
  }
  /// Somebody on the way has too many connections that are not made yet.
  void note_shed() { limit_ = std::min(limit_, std::max(kConnectsMin, limit_ / 2)); }
  /// One was made.
  void note_connected() {
    if (limit_ < fanout_) ++limit_;
    changed_.announce();
  }
  /// Of somebody who waits it may be over by now. A stop does not end the limits: who asks afterwards what is left must
  /// not be refused, as a crowd is.
  void look_again() { changed_.announce(); }

 private:
  void release(const std::string& host) {
    --taken_;
    if (!host.empty()) --per_host_[host];
    changed_.announce();
  }

  unsigned fanout_;
  unsigned limit_;  // At the moment; at most fanout_.
  unsigned taken_ = 0;
  std::map<std::string, unsigned> per_host_;
  Condition changed_;
};

}  // namespace stapsh::client
