// SPDX-License-Identifier: Apache-2.0
// A connection to a broker, whose events a test waits for one by one.
#pragma once

#include <poll.h>

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <variant>

#include "harness/real_test.h"
#include "nats/connection.h"

namespace stapsh::real {

/// Somebody who is connected, or tries to be.
class Talker {
 public:
  explicit Talker(const nats::Settings& settings) : connection_(*nats::Connection::start(settings)) {}

  nats::Connection* operator->() { return &connection_; }

  /// The next event, as text: `SUBJECT DATA`, `connected`, `disconnected: WHY`, `trouble: WHAT`.
  std::string next(Bound bound = kBound) {
    const auto deadline = std::chrono::steady_clock::now() + bound;
    while (events_.empty()) {
      const auto left = std::chrono::ceil<Bound>(deadline - std::chrono::steady_clock::now()).count();
      pollfd entry{connection_.fd(), POLLIN, 0};
      if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left)) == 0) return "nothing within the bound";
      for (nats::Event& event : connection_.take()) events_.push_back(std::move(event));
    }
    const nats::Event event = std::move(events_.front());
    events_.pop_front();
    if (const auto* message = std::get_if<nats::Message>(&event)) {
      last_ = *message;
      return message->subject + " " + (message->status != 0 ? std::to_string(message->status) : message->data);
    }
    if (std::holds_alternative<nats::Connected>(event)) return "connected";
    if (const auto* gone = std::get_if<nats::Disconnected>(&event)) return "disconnected: " + gone->why;
    return "trouble: " + std::get<nats::Trouble>(event).what;
  }
  /// The answer to a request: what came behind the subject.
  std::string ask(const std::string& subject, const std::string& data = "") {
    const std::string inbox = connection_.new_inbox();
    connection_.publish(subject, data, inbox);
    const std::string answer = next();
    return answer.starts_with(inbox + " ") ? answer.substr(inbox.size() + 1) : answer;
  }

  /// The message that next() has told of last.
  [[nodiscard]] const nats::Message& last() const { return last_; }

 private:
  nats::Connection connection_;
  std::deque<nats::Event> events_;
  nats::Message last_;
};

}  // namespace stapsh::real
