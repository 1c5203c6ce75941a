// SPDX-License-Identifier: Apache-2.0
// One session on its host: an agent of its own on a socketpair, the pump between that and the broker's messages, and
// the stored file that it is at. The agent outlives it by as long as it takes to tidy up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "broker/credit_pool.h"
#include "broker/subjects.h"
#include "link/file_fetch.h"
#include "nats/session_pump.h"
#include "sys/epoll_set.h"

namespace stapsh::link {

/// For which session, which of its files, and which piece of that.
struct PieceName {
  std::uint64_t session = 0, file = 0, piece = 0;
};

/// What a session needs of the link; lent.
class SessionHost {
 public:
  SessionHost() = default;
  SessionHost(const SessionHost&) = delete;
  SessionHost& operator=(const SessionHost&) = delete;
  virtual ~SessionHost() = default;
  /// To the session's client.
  virtual void send(const broker::SessionName& session, const broker::Message& message) = 0;
  /// Asks for a piece of a stored file; the answer is handed to on_piece() with the same name of it.
  virtual void ask_for_piece(const PieceName& name, const std::string& sha256) = 0;
  /// Why a stored file comes from the client, and not from the store.
  virtual void note_unfetched(const std::string& why) = 0;
  /// A part of one, by chance.
  virtual double random_fraction() = 0;
};

class HostedSession {
 public:
  /// `socket`: whose other end is the agent's standard input and output. `send_until`: of the client's Open.
  HostedSession(SessionHost& host, broker::SessionName name, std::uint64_t serial, sys::UniqueFd socket,
                std::uint64_t send_until, broker::CreditPool& pool, TimePoint now);

  /// A message of its client, other than a Reset. An Error here and below is the reason of the Reset that is due.
  Result<> on_message(const broker::Message& message, TimePoint now);
  /// Its client has ended it: what came before is still handed to the agent, for as long as is meant to be enough.
  void on_reset(TimePoint now);
  void on_socket(std::uint32_t events, TimePoint now);
  /// What the store has for ask_for_piece().
  Result<> on_piece(const PieceName& name, FileFetch::Answer answer, std::string_view bytes, TimePoint now);
  Result<> on_time(TimePoint now);
  void on_agent_ended(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_timer() const;

  /// Says to `epoll` what is wanted of the socket, under the serial number; without `may_read` no output.
  Result<> watch(const sys::Epoll& epoll, bool may_read);

  [[nodiscard]] const broker::SessionName& name() const { return name_; }
  /// To be forgotten, without a word.
  [[nodiscard]] bool is_over() const { return pump_.is_over() || forgotten_; }
  /// Of one that is over: why it is, if not both ends have ended it.
  [[nodiscard]] std::string trouble() const { return forgotten_ ? "its client said nothing more" : ""; }
  /// Its client has ended its direction: a Reset behind that only says that it does not wait for ours.
  [[nodiscard]] bool client_has_ended() const { return pump_.has_received_end(); }
  /// All of the agent's output was sent: it takes nobody's place any more.
  [[nodiscard]] bool has_sent_all() const { return pump_.has_sent_end(); }

 private:
  void get_on_with_files(TimePoint now);
  void ask_for(std::uint64_t piece, const broker::StoredFile& file);
  Result<> on_client_piece(const broker::Piece& piece, TimePoint now);

  SessionHost& host_;
  const broker::SessionName name_;
  const std::uint64_t serial_;
  nats::SessionPump pump_;
  sys::Watch watch_;
  std::optional<FileFetch> fetch_;
  std::uint64_t files_ = 0;                    // Begun so far.
  std::optional<TimePoint> patience_ends_at_;  // Once the agent has ended, or the client.
  TimePoint ask_at_;                           // Whether the client is there still.
  bool was_reset_ = false, forgotten_ = false;
};

}  // namespace stapsh::link
