// SPDX-License-Identifier: Apache-2.0
// One host of the fleet: one connection to the broker, two subscriptions, and a session for each client that opens one,
// as stapsh-link has it; the agents are emulated ones.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/credit_pool.h"
#include "broker/stream.h"
#include "broker/subjects.h"
#include "broker/who.h"
#include "broker_socket.h"
#include "emulated_agent.h"

namespace stapsh::fleet {

/// Of all hosts together. Of the sessions that were opened, those that have neither ended on both sides nor were reset
/// are still there.
struct FleetCounts {
  std::uint64_t connected = 0;  ///< Now.
  std::uint64_t lost = 0, answered = 0, opened = 0, ended = 0, reset = 0, published = 0;
};

/// Of the agents of all hosts; see stapsh-policy(5).
inline constexpr std::string_view kEmulatedPolicy = "allow runner=bpftrace args=safe\n";
/// As stapsh has them there for a client of that name.
AgentSettings emulated_settings(const broker::WhoAnswer& who, const std::string& client);

class EmulatedHost {
 public:
  EmulatedHost(std::size_t index, const broker::Subjects& subjects, Scenario scenario, FleetCounts& counts);
  EmulatedHost(const EmulatedHost&) = delete;
  EmulatedHost& operator=(const EmulatedHost&) = delete;

  /// Also again, behind disconnect().
  Result<> open(const BrokerAddress& address, const sys::Epoll& epoll, std::uint64_t id);
  /// What epoll said. An error is the end of its connection.
  Result<> on_socket(std::uint32_t events, TimePoint now);
  Result<> on_timer(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_timer() const;
  /// The broker has gone, and with it all sessions: their clients are told so once it is there again.
  void disconnect(std::string_view why);
  /// How long it waits before it opens again: a random time, the more the longer the broker is gone, as a link's.
  Duration next_pause();
  [[nodiscard]] const std::string& name() const { return who_.host; }

 private:
  // Those of nats::Settings.
  static constexpr Duration kPauseMin = std::chrono::milliseconds(500), kPauseMax = std::chrono::seconds(60);
  struct Session {
    EmulatedAgent agent;
    broker::Stream stream;
    broker::CreditPool::Share share;
  };
  using Sessions = std::map<broker::SessionName, std::unique_ptr<Session>>;
  struct Answer {
    TimePoint at;
    std::string reply;
  };

  void on_connected();
  void on_event(const WireEvent& event, TimePoint now);
  void on_question(const Delivery& delivery, TimePoint now);
  void on_message(const broker::SessionName& name, const broker::Message& message, TimePoint now);
  void begin(const broker::SessionName& name, const broker::Open& open, TimePoint now);
  void end(Sessions::iterator at);
  void say(const broker::SessionName& name, const broker::Message& message);
  void send_output(TimePoint now);

  const broker::Subjects& subjects_;
  Scenario scenario_;
  FleetCounts& counts_;
  broker::WhoAnswer who_;
  BrokerSocket socket_;
  broker::CreditPool pool_;
  Sessions sessions_;
  std::vector<Answer> answers_;
  std::vector<std::pair<broker::SessionName, std::string>> lost_;  // And why.
  Duration pause_ = kPauseMin;
  bool connected_ = false;
};

}  // namespace stapsh::fleet
