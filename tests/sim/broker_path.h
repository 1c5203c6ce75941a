// SPDX-License-Identifier: Apache-2.0
// What is between the two ends where they meet at a broker: a relay with a socket to the client, a link with one to the
// agent, and between those a session's messages. A broker keeps the order of a subject, not that of two; it may lose
// some when it is cut off, and then a fault shows.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "simulated_pump.h"

namespace stapsh::sim {

struct BrokerFault {
  enum class Kind {
    kNone,
    kLost,          ///< `count` messages never arrive.
    kTwice,         ///< They arrive, and once more.
    kSwapped,       ///< One arrives behind the next.
    kDisconnected,  ///< From there on nothing arrives, either way, until the one that is cut off is back.
  } kind = Kind::kNone;
  bool to_agent = false;  ///< Which direction's messages; the one that is cut off: the link, not the relay.
  std::size_t at = 0;     ///< The first of them.
  std::size_t count = 1;
  Duration noticed_after{}, back_after{};
};

class BrokerPath {
 public:
  /// The four Links: two sockets. `relays` and `links` are the pools of the credit that each gives.
  BrokerPath(const BrokerFault& fault, broker::CreditPool& relays, broker::CreditPool& links, Link& from_client,
             Link& to_client, Link& from_agent, Link& to_agent);

  void start(TimePoint now);
  [[nodiscard]] bool can_act() const { return !possible().empty(); }
  void act(TimePoint now, Random& random);
  void on_timer(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_timer() const;
  /// Nothing is on its way, and neither end has a session.
  [[nodiscard]] bool over() const {
    return !relay_.lives() && !link_.lives() && ways_[0].messages.empty() && ways_[1].messages.empty();
  }

  /// What the client's relay tells of an end that was none of the agent's; empty: it was.
  [[nodiscard]] const std::string& reason() const { return relay_.reason(); }
  /// Of the credit that the relay gave.
  [[nodiscard]] std::uint64_t outstanding() const { return relay_.outstanding(); }
  [[nodiscard]] std::uint64_t links_outstanding() const { return link_.outstanding(); }
  /// The first rule that was broken; empty while none is.
  [[nodiscard]] std::string breach() const;
  [[nodiscard]] std::string story() const;

 private:
  enum class Action { kRead, kWrite, kSeeHangup, kHear };
  struct Way {
    std::deque<std::string> messages;  // On their way; encoded.
    std::optional<std::string> late;   // That the next one overtakes.
    std::size_t published = 0;
  };

  struct Possible {
    bool is_link;
    Action action;
  };

  [[nodiscard]] std::vector<Possible> possible() const;
  void publish(bool to_agent, const broker::Message& message);
  void hear(bool is_link);
  void note_cut(TimePoint now) {
    if (cut_ && !cut_at_) cut_at_ = now;
  }
  SimulatedPump& cut_off() { return fault_.to_agent ? link_ : relay_; }

  BrokerFault fault_;
  std::array<Way, 2> ways_;  // To the client, to the agent.
  SimulatedPump relay_, link_;
  bool cut_ = false;
  std::optional<TimePoint> opened_at_, cut_at_;
  bool noticed_ = false, back_ = false;
};

}  // namespace stapsh::sim
