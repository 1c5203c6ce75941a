// SPDX-License-Identifier: Apache-2.0
// Hosts that are not connected to the broker, and may be again in a moment: after the broker's absence, or because
// their link is started again. Who opens a session with one waits, and asks again and again. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"

namespace stapsh::client {

class AbsentHosts {
 public:
  // After a broker's absence all hosts come back within so long, each in its own time.
  static constexpr Duration kReturnTime = std::chrono::seconds(60);
  // A host's link that ended is started again by its service, and connects.
  static constexpr Duration kRestartTime = std::chrono::seconds(20);
  static constexpr Duration kAskAgainAfter = std::chrono::milliseconds(250);
  // Who has not answered for so long is asked whether it knows of the session,
  static constexpr Duration kAnswerTime = std::chrono::seconds(10);
  // and is waited for so long if it is not there: rstap has 30 s as it comes, and is to be told before.
  static constexpr Duration kSilentTime = std::chrono::seconds(15);

  void note_broker_back(TimePoint now) { broker_back_since_ = now; }
  /// In the middle of a session.
  void note_lost(const std::string& host, TimePoint now) { returns_until_[host] = now + kRestartTime; }
  /// It was there when it was asked, and has not answered.
  void note_silent(const std::string& host, TimePoint now) {
    TimePoint& until = returns_until_[host];
    until = std::max(until, now + kSilentTime);
  }
  [[nodiscard]] bool may_return(const std::string& host, TimePoint now) const {
    if (broker_back_since_ && now - *broker_back_since_ < kReturnTime) return true;
    const auto known = returns_until_.find(host);
    return known != returns_until_.end() && now < known->second;
  }

  /// The host of session `number` is to be asked again.
  void ask_later(std::uint32_t number, TimePoint now) { asked_later_.push_back({now + kAskAgainAfter, number}); }
  /// The host of session `number` was asked, and is to be looked at again.
  void note_asked(std::uint32_t number, TimePoint now) { asked_.push_back({now + kAnswerTime, number}); }
  /// When one of the two below has something.
  [[nodiscard]] std::optional<TimePoint> next_timer() const {
    std::optional<TimePoint> first;
    for (const std::deque<Later>* each : {&asked_later_, &asked_}) {
      if (!each->empty()) first = std::min(first.value_or(each->front().at), each->front().at);
    }
    return first;
  }
  /// The sessions whose hosts are to be asked now, each once for each ask_later().
  std::vector<std::uint32_t> take_due(TimePoint now) { return take(asked_later_, now); }
  /// The sessions whose hosts were asked kAnswerTime ago, each once for each note_asked().
  std::vector<std::uint32_t> take_asked(TimePoint now) { return take(asked_, now); }

 private:
  struct Later {
    TimePoint at;
    std::uint32_t number;
  };

  static std::vector<std::uint32_t> take(std::deque<Later>& queue, TimePoint now) {
    std::vector<std::uint32_t> due;
    for (; !queue.empty() && queue.front().at <= now; queue.pop_front()) due.push_back(queue.front().number);
    return due;
  }

  std::optional<TimePoint> broker_back_since_;
  std::unordered_map<std::string, TimePoint> returns_until_;
  std::deque<Later> asked_later_, asked_;
};

}  // namespace stapsh::client
