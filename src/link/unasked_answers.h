// SPDX-License-Identifier: Apache-2.0
// What is owed to clients for words of sessions that are not here: refusals, and that there is no such session. No
// credit holds such words back, and the broker's way to us may take more than ours to it: so the clients have their
// turns, one answer each. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
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

  /// The first one for a session counts: what came behind an Open that was refused is of the same try.
  void add(Answer answer) {
    std::deque<Answer>& its = by_client_[answer.session.client];
    if (its.size() == kWaitingMaxOfClient || !owed_.insert(answer.session).second) return;
    its.push_back(std::move(answer));
    if (owed_.size() > kWaitingMax) drop_of_most();
  }
  [[nodiscard]] bool empty() const { return owed_.empty(); }
  /// The first one of the next client.
  std::optional<Answer> next() {
    if (empty()) return std::nullopt;
    auto turn = by_client_.upper_bound(last_);
    if (turn == by_client_.end()) turn = by_client_.begin();
    last_ = turn->first;
    Answer answer = std::move(turn->second.front());
    turn->second.pop_front();
    forget(turn, answer);
    return answer;
  }
  /// The connection is gone, and those who waited with it.
  void forget() {
    by_client_.clear();
    owed_.clear();
  }

 private:
  using Clients = std::map<std::string, std::deque<Answer>>;

  void forget(Clients::iterator client, const Answer& answer) {
    owed_.erase(answer.session);
    if (client->second.empty()) by_client_.erase(client);
  }
  void drop_of_most() {
    const auto fewer = [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); };
    const auto most = std::max_element(by_client_.begin(), by_client_.end(), fewer);
    const Answer dropped = std::move(most->second.back());
    most->second.pop_back();
    forget(most, dropped);
  }

  Clients by_client_;  // None is empty.
  std::set<broker::SessionName> owed_;
  std::string last_;  // Whose turn was the last one.
};

}  // namespace stapsh::link
