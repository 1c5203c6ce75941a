// SPDX-License-Identifier: Apache-2.0
// A client of links that speaks docs/fleet.md's messages and nothing more: what it says is the test's to choose, also
// what is wrong. What comes for each session is kept.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/message.h"
#include "broker/subjects.h"
#include "nats/connection.h"
#include "nats_server.h"
#include "program.h"

namespace stapsh::real {

class BrokerClient {
 public:
  /// What a session's link has said.
  struct Heard {
    std::string out;                     ///< All data.
    bool ended = false;                  ///< End came,
    std::optional<std::string> reset{};  ///< or a Reset.
    bool nobody = false;                 ///< The broker has nobody for it.
    std::uint64_t sent = 0;
    std::uint64_t granted = 0;
    std::vector<std::uint64_t> wanted{};  ///< Pieces of files, by their offsets.
  };

  explicit BrokerClient(const NatsServer& server, std::string name = "ann", std::string host = "web01",
                        std::string site = "here");

  /// Begins session NUMBER. `credit`: more is granted as data comes, if `grants`.
  void open(std::uint32_t number, std::uint64_t credit = 1 << 20);
  void set_grants(bool grants) { grants_ = grants; }
  /// As data with the offset that is due.
  void say(std::uint32_t number, const std::string& text);
  void send_end(std::uint32_t number);
  void send_file(std::uint32_t number, std::uint64_t size, const std::string& sha256, std::uint32_t spread_ms = 0);
  void send(std::uint32_t number, const broker::Message& message) { send_raw(number, broker::encode(message)); }
  void send_raw(std::uint32_t number, const std::string& bytes);

  Heard& heard(std::uint32_t number) { return sessions_[number]; }
  /// Hears until it is so.
  testing::AssertionResult wait_until(const std::function<bool()>& is_so, Bound bound = kBound);
  testing::AssertionResult wait_for_out(std::uint32_t number, const std::string& text);
  testing::AssertionResult wait_for_reset(std::uint32_t number);

  /// A request to any subject: its answers' bytes, as they come. Their number is waited for by wait_until().
  void ask(const std::string& subject, const std::string& bytes);
  /// Likewise, of who is there.
  void ask_who(const std::string& question);
  const std::deque<nats::Message>& answers() const { return answers_; }
  void forget_answers() { answers_.clear(); }

  nats::Connection& connection() { return connection_; }
  const broker::Subjects& subjects() const { return subjects_; }
  bool connected() const { return connected_; }

 private:
  [[nodiscard]] broker::SessionName name_of(std::uint32_t number) const { return {host_, client_, run_, number}; }
  void take(const nats::Event& event);
  void take_message(const nats::Message& message);

  const broker::Subjects subjects_;
  const std::string client_, host_, run_ = "run1";
  nats::Connection connection_;
  std::map<std::uint32_t, Heard> sessions_;
  std::map<std::string, std::uint32_t> opening_;  // By their inboxes.
  std::deque<nats::Message> answers_;
  bool connected_ = false, grants_ = true;
};

}  // namespace stapsh::real
