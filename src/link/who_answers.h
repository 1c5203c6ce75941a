// SPDX-License-Identifier: Apache-2.0
// Who asked who is there, and when each is to be answered: after a random part of the time that they said, since all
// hosts at once are a flood. Pure.
#pragma once

#include <algorithm>
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
  /// A client that asks more at a time is not answered, and takes nothing from the others: each has its own.
  static constexpr std::size_t kWaitingMaxOfClient = 16, kWaitingMax = 4'096;

  WhoAnswers(broker::WhoAnswer self, broker::Subjects subjects)
      : self_(std::move(self)), subjects_(std::move(subjects)) {}

  /// A question that came at `subject`, to be answered behind `reply`, which must be Subjects::here() of the same
  /// client: who asks must not have all hosts speak wherever they like, nor take another's place. `fraction` of its
  /// spread is waited, 0 to 1.
  void on_question(std::string_view subject, std::string_view text, const std::string& reply, double fraction,
                   TimePoint now) {
    std::optional<std::string> client = subjects_.client_of_who(subject, reply);
    if (!client || due_.size() == kWaitingMax || waiting(*client) == kWaitingMaxOfClient) return;
    const Result<broker::WhoQuestion> question = broker::parse_who_question(text);
    if (!question || !question->selector.matches(self_.labels)) return;
    const std::chrono::duration<double, std::milli> wait(fraction * question->spread_ms);
    due_.emplace(now + std::chrono::duration_cast<Duration>(wait), Asked{*std::move(client), reply});
  }
  [[nodiscard]] std::optional<TimePoint> next_timer() const {
    return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
  }
  /// Where to answer now, and what.
  std::optional<std::pair<std::string, std::string>> next(TimePoint now) {
    if (due_.empty() || due_.begin()->first > now) return std::nullopt;
    std::string subject = due_.begin()->second.reply + "." + broker::host_token(self_.host);
    due_.erase(due_.begin());
    return std::pair(std::move(subject), broker::format_who(self_));
  }
  /// The connection is gone, and those who asked with it.
  void forget() { due_.clear(); }

 private:
  struct Asked {
    std::string client, reply;
  };

  [[nodiscard]] std::size_t waiting(const std::string& client) const {
    const auto is_its = [&](const auto& each) { return each.second.client == client; };
    return static_cast<std::size_t>(std::count_if(due_.begin(), due_.end(), is_its));
  }

  broker::WhoAnswer self_;
  broker::Subjects subjects_;
  std::multimap<TimePoint, Asked> due_;
};

}  // namespace stapsh::link
