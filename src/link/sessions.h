// SPDX-License-Identifier: Apache-2.0
// All sessions of a link: who may begin one, whose each message is, and how each ends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "broker/credit_pool.h"
#include "broker/subjects.h"
#include "link/agents.h"
#include "link/configuration.h"
#include "link/hosted_session.h"
#include "link/session_log.h"
#include "link/unasked_answers.h"
#include "nats/connection.h"
#include "sys/epoll_set.h"

namespace stapsh::link {

class Sessions : private SessionHost {
 public:
  /// Of a session's socket in `epoll`; lower numbers are the caller's.
  static constexpr std::uint64_t kFirstSerial = 16;

  /// `connection` and `epoll` are lent.
  Sessions(const Configuration& configuration, const broker::Subjects& subjects, nats::Connection& connection,
           const sys::Epoll& epoll);

  /// Bytes that came for a session.
  void on_message(const broker::SessionName& name, std::string_view bytes, TimePoint now);
  /// What came for one of the connection's inboxes.
  void on_answer(const nats::Message& message, TimePoint now);
  void on_socket(std::uint64_t serial, std::uint32_t events, TimePoint now);
  void on_time(TimePoint now);
  /// Some child has ended.
  void reap(TimePoint now);
  void on_connected();
  void on_disconnected(const std::string& why, TimePoint now);
  /// Ends all, tells their clients why, and begins no more.
  void stop(const std::string& why, TimePoint now);

  /// At most so many of the answers that are owed for words of sessions that are not here.
  void answer_unasked(std::size_t count);
  [[nodiscard]] bool owes_answers() const { return !unasked_.empty(); }

  [[nodiscard]] std::optional<TimePoint> next_timer() const;
  /// To be called before epoll is asked again. `may_read`: agents may say something.
  void watch_all(bool may_read, TimePoint now);
  [[nodiscard]] bool has_no_agents() const { return agents_.empty(); }
  void leave_agents(TimePoint now) {
    agents_.leave();
    log_.leave(now);
  }
  double random_fraction() override { return fraction_(random_); }

 private:
  void send(const broker::SessionName& session, const broker::Message& message) override;
  void ask_for_piece(const PieceName& name, const std::string& sha256) override;
  void note_unfetched(const std::string& why) override;

  void open(const broker::SessionName& name, const broker::Open& open, TimePoint now);
  void refuse(const broker::SessionName& name, const std::string& reason, TimePoint now);
  [[nodiscard]] std::optional<std::string> refusal(const std::string& client) const;
  void reset(const broker::SessionName& name, std::string_view reason);
  void on_nobody(std::uint64_t serial, TimePoint now);
  void on_piece(const PieceName& name, const nats::Message& message, TimePoint now);
  /// Its client has ended it, or is gone: it goes on without a name until its agent has taken what came before.
  void end_for_client(std::uint64_t serial, const std::string& how, TimePoint now);
  /// Ends it: with a Reset if `result` is an Error, and silently if it is over.
  void settle(std::uint64_t serial, const Result<>& result, TimePoint now);

  const std::uint64_t sessions_max_, sessions_per_client_max_;
  const broker::Subjects subjects_;
  nats::Connection& connection_;
  const sys::Epoll& epoll_;
  const std::string inbox_;   // For the broker's word that a client is gone; clients know it.
  const std::string pieces_;  // For pieces of files: who could guess it would have the store answer there.
  broker::CreditPool pool_;
  Agents agents_;
  SessionLog log_;
  std::map<std::uint64_t, std::unique_ptr<HostedSession>> sessions_;  // By their serial numbers.
  std::map<broker::SessionName, std::uint64_t> serials_;
  std::uint64_t next_serial_ = kFirstSerial;
  std::vector<std::pair<broker::SessionName, std::string>>
      lost_;                            // Whose clients are to be told why, once that can be.
  bool has_said_unfetched_ = false;     // Once for each connection: clients say how often it happens.
  std::optional<std::string> stopped_;  // Why.
  UnaskedAnswers unasked_;
  std::mt19937_64 random_{std::random_device()()};
  std::uniform_real_distribution<double> fraction_{0, 1};
};

}  // namespace stapsh::link
