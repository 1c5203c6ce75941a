// SPDX-License-Identifier: Apache-2.0
// What is owed to clients for words of sessions that are not here: refusals, and that there is no such session. No
// credit holds such words back, and the broker's way to us may take more than ours to it: so the clients have their
// turns, one answer each. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "broker/subjects.h"

namespace stapsh::link {

class UnaskedAnswers {
 public:
  /// A client that is owed more is not answered, and takes nothing from the others.
  static constexpr std::size_t kWaitingMaxOfClient = 1'024, kWaitingMax = 16'384;

  struct Answer {
    broker::SessionName session;
    std::string reason;
  };

  void add(Answer answer) {
    if (size_ == kWaitingMax) return;
    std::deque<Answer>& its = by_client_[answer.session.client];
    if (its.size() == kWaitingMaxOfClient) return;
    its.push_back(std::move(answer));
    ++size_;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// The first one of the next client.
  std::optional<Answer> next() {
    if (empty()) return std::nullopt;
    auto turn = by_client_.upper_bound(last_);
    if (turn == by_client_.end()) turn = by_client_.begin();
    last_ = turn->first;
    Answer answer = std::move(turn->second.front());
    turn->second.pop_front();
    --size_;
    if (turn->second.empty()) by_client_.erase(turn);
    return answer;
  }
  /// The connection is gone, and those who waited with it.
  void forget() {
    by_client_.clear();
    size_ = 0;
  }

 private:
  std::map<std::string, std::deque<Answer>> by_client_;  // None is empty.
  std::string last_;                                     // Whose turn was the last one.
  std::size_t size_ = 0;
};

}  // namespace stapsh::link
