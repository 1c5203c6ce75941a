// SPDX-License-Identifier: Apache-2.0
// Who asked who is there, and when each is to be answered: after a random part of the time that they said, since all
// hosts at once are a flood. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "broker/subjects.h"
#include "broker/who.h"

namespace stapsh::link {

class WhoAnswers {
 public:
  /// Who asks more at a time is not answered.
  static constexpr std::size_t kWaitingMax = 64;

  explicit WhoAnswers(broker::WhoAnswer self) : self_(std::move(self)) {}

  /// A question, to be answered at `reply` or not at all: who asks must not have all hosts speak wherever they like.
  /// `fraction` of its spread is waited, 0 to 1.
  void on_question(std::string_view text, const std::string& reply, double fraction, TimePoint now) {
    const Result<broker::WhoQuestion> question = broker::parse_who_question(text);
    if (!question || !reply.starts_with(broker::kInboxes) || due_.size() == kWaitingMax) return;
    if (!question->selector.matches(self_.labels)) return;
    const std::chrono::duration<double, std::milli> wait(fraction * question->spread_ms);
    due_.emplace(now + std::chrono::duration_cast<Duration>(wait), reply);
  }
  [[nodiscard]] std::optional<TimePoint> next_timer() const {
    return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
  }
  /// Where to answer now, and what.
  std::optional<std::pair<std::string, std::string>> next(TimePoint now) {
    if (due_.empty() || due_.begin()->first > now) return std::nullopt;
    std::string reply = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    return std::pair(std::move(reply), broker::format_who(self_));
  }
  /// The connection is gone, and those who asked with it.
  void forget() { due_.clear(); }

 private:
  broker::WhoAnswer self_;
  std::multimap<TimePoint, std::string> due_;
};

}  // namespace stapsh::link
