// SPDX-License-Identifier: Apache-2.0
// What a target says in one go, a histogram or a stack, stays in one piece. Runners write it line by line, and pipes
// and networks cut it anywhere: so a target has its turn until it has said nothing for kGap, or has ended. What others
// say meanwhile waits, but no longer than kWait, whoever goes on. Who speaks while nobody else does waits for nothing.
//
// Pure. Nothing but the times of events decides, so a recording gives the same order; a call of release() between them
// only lets go earlier what would have gone before the next event anyway.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/events/event.h"

namespace stapsh::client {

class Turns {
 public:
  static constexpr WallTime kGap = std::chrono::milliseconds(50);
  static constexpr WallTime kWait = std::chrono::milliseconds(200);
  /// Who says more than so much without a gap waits no more until there is one: that is a flood, not a block.
  static constexpr std::size_t kBlockBytesMax = std::size_t{1} << 20;
  /// Of all that wait: over that nobody does.
  static constexpr std::size_t kHeldBytesMax = std::size_t{8} << 20;

  /// `pass` takes the events, in the order in which they are shown.
  Turns(std::size_t targets, std::function<void(const Event&)> pass) : targets_(targets), pass_(std::move(pass)) {}

  /// An Output or an Ended of a target.
  void add(const Event& event);
  /// It is `now`: who has waited long enough takes a turn.
  void release(WallTime now);
  /// What follows belongs behind all that was said.
  void release_all();
  /// When release() has something to do.
  [[nodiscard]] std::optional<WallTime> next_release() const;

 private:
  struct Held {
    Event event;
    std::size_t bytes;  ///< Of an Output: so many of the target's.
  };
  struct Target {
    std::vector<Held> held;
    std::string bytes;
    WallTime since{};             ///< When it began to wait.
    WallTime last{};              ///< When it said something.
    std::size_t block_bytes = 0;  ///< Said without a gap.
    [[nodiscard]] std::size_t memory_bytes() const { return bytes.size() + held.size() * sizeof(Held); }
  };
  [[nodiscard]] bool floods(const Event& event);
  [[nodiscard]] bool may_speak(std::size_t target, WallTime now) const;
  void speak(const Event& event);
  void hold(const Event& event);
  void pass_held(std::size_t target);

  std::vector<Target> targets_;
  std::function<void(const Event&)> pass_;
  std::deque<std::size_t> waiting_;  // Who holds something, in the order in which they began to.
  std::size_t waiting_bytes_ = 0;
  std::optional<std::size_t> speaker_;  // Whose turn it is, if `spoke_at_` is not too long ago.
  WallTime spoke_at_{};
};

}  // namespace stapsh::client
