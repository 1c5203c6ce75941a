// SPDX-License-Identifier: Apache-2.0
// How many targets are being connected at once: --fanout in all, and fewer to one host, whose sshd
// starts to refuse at ten unauthenticated connections (MaxStartups 10:30:100). Which hosts share one on the way, a
// jump host, is not known here: where connections are shed, all go slower, and faster again with each that succeeds.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "client/async/asio_types.h"

namespace stapsh::client {

inline constexpr unsigned kFanoutDefault = 32;
// Where a connection is a message on one that is there: so many that a slow way is full, and no broker chokes on it.
inline constexpr unsigned kFanoutByMessage = 1'024;
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
  /// Who wants a slot.
  class Wait {
   public:
    /// `is_over`: it wants none any more.
    Wait(asio::io_context& io, std::function<bool()> is_over) : is_over_(std::move(is_over)), woken_(io) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() {
      if (queue_ != nullptr) queue_->erase(place_);
    }
    /// It may be over by now. A stop does not end the limits: who asks afterwards what is left must not be refused, as
    /// a crowd is.
    void look_again() { woken_.announce(); }

   private:
    friend class ConnectSlots;
    std::function<bool()> is_over_;
    Condition woken_;
    std::string host_;
    std::list<Wait*>* queue_ = nullptr;  // In which it stands, while it does, and where.
    std::list<Wait*>::iterator place_;
  };

  explicit ConnectSlots(unsigned fanout) : fanout_(fanout), limit_(fanout) {}

  /// Waits for a slot; none: it is over before there is one. `host` may be empty: no limit of its own. First come,
  /// first served, as the hosts allow.
  Awaitable<std::optional<ConnectSlot>> acquire(std::string host, Wait& wait) {
    wait.host_ = std::move(host);
    wait.queue_ = &waiting_;
    wait.place_ = waiting_.insert(waiting_.end(), &wait);
    hand_out();
    while (wait.queue_ != nullptr && !wait.is_over_()) co_await wait.woken_.wait();
    if (std::exchange(wait.queue_, nullptr) != nullptr) {
      waiting_.erase(wait.place_);
      co_return std::nullopt;
    }
    ConnectSlot slot([this, host = wait.host_] { release(host); });
    if (wait.is_over_()) co_return std::nullopt;
    co_return slot;
  }
  /// Somebody on the way has too many connections that are not made yet.
  void note_shed() { limit_ = std::min(limit_, std::max(kConnectsMin, limit_ / 2)); }
  /// One was made.
  void note_connected() {
    if (limit_ < fanout_) ++limit_;
    hand_out();
  }

 private:
  // One of them is woken for each slot: a crowd that wakes for each is a crowd's work for each.
  void hand_out() {
    for (auto at = waiting_.begin(); at != waiting_.end() && taken_ < limit_;) {
      Wait& next = **at;
      if (!next.host_.empty() && per_host_[next.host_] >= kConnectsPerHostMax) {
        ++at;
        continue;
      }
      at = waiting_.erase(at);
      ++taken_;
      if (!next.host_.empty()) ++per_host_[next.host_];
      next.queue_ = nullptr;
      next.woken_.announce();
    }
  }

  void release(const std::string& host) {
    --taken_;
    if (!host.empty()) --per_host_[host];
    hand_out();
  }

  unsigned fanout_;
  unsigned limit_;  // At the moment; at most fanout_.
  unsigned taken_ = 0;
  std::map<std::string, unsigned> per_host_;
  std::list<Wait*> waiting_;
};

}  // namespace stapsh::client
