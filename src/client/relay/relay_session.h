// SPDX-License-Identifier: Apache-2.0
// A session as the relay has it: rstap's socket, and the pump between that and the broker's messages.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/subjects.h"
#include "client/relay/lent_file.h"
#include "client/relay/session_input.h"
#include "nats/session_pump.h"
#include "sys/epoll_set.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class RelaySession {
 public:
  using Send = std::function<void(const RelaySession& session, const broker::Message& message)>;
  using TakeFile = std::function<void(std::uint32_t number, sys::UniqueFd file)>;

  /// `inbox`: where the broker says that nobody is there. `pool` is lent. `take_file`: of a file that rstap sends in
  /// it; nothing more of it is read until send_file().
  RelaySession(broker::SessionName its_name, std::string its_inbox, sys::UniqueFd socket, broker::CreditPool& pool,
               Send send, TakeFile take_file);
  RelaySession(const RelaySession&) = delete;
  RelaySession& operator=(const RelaySession&) = delete;

  /// Says to the host that it begins, with what rstap has said so far. Again where nobody was there.
  void ask();
  /// Says something to a host that has not answered, which changes nothing: the broker says if nobody is there any
  /// more, and a link that knows of no session says so. Its word that began it came to one that was just ending.
  void remind() { send_(*this, broker::Credit{first_credit_}); }
  /// Nobody was there.
  void note_absent() { is_asked_ = false; }
  /// Whether the host was told of it.
  [[nodiscard]] bool is_asked() const { return is_asked_; }
  /// Whether the host has answered.
  [[nodiscard]] bool has_begun() const { return begun_; }

  /// The file that was taken, and is lent: as one that hosts fetch, or as data, each part of which wants a send_more().
  void send_file(const LentFile& file, bool is_stored, std::uint32_t spread_ms);
  /// A message but Open and Reset. An Error is the reason of the Reset that is due. Each WantPiece wants a
  /// send_piece().
  Result<> on_message(const broker::Message& message);
  /// Whether send_more() would send something that no event of the socket tells of: a file's bytes, as data.
  [[nodiscard]] bool has_more() const {
    return input_.has_more() && (pump_.wanted().value_or(0) & std::uint32_t{EPOLLIN}) != 0;
  }
  void send_more() { pump_.on_socket(EPOLLIN); }
  /// What was asked for first.
  void send_piece();
  /// Says to `epoll` what is wanted of the socket, under `id`.
  Result<> watch(const sys::Epoll& epoll, std::uint64_t id);
  void unwatch() { watch_.reset(); }

  [[nodiscard]] nats::SessionPump& pump() { return pump_; }

  const broker::SessionName name;
  const std::string inbox;
  bool was_refused = false;           ///< Its host has reset it before it began.
  bool is_in_turn = false;            ///< To send_more().
  std::optional<TimePoint> asked_at;  ///< Since when it waits for an answer.

 private:
  struct StoredFile {
    std::uint64_t offset;
    const LentFile* file;
  };
  [[nodiscard]] const StoredFile* file_at(std::uint64_t offset) const;
  Result<> take_wanted(std::uint64_t offset);

  SessionInput input_;
  nats::SessionPump pump_;
  Send send_;
  std::uint64_t first_credit_;
  bool is_asked_ = false, begun_ = false;
  std::vector<StoredFile> stored_;    // That the host was told to fetch.
  std::deque<std::uint64_t> wanted_;  // Offsets.
  std::uint64_t next_piece_ = 0;      // Each is sent once, so a host has no more of them than it was told to fetch.
  std::string first_;                 // What was sent to a host that has not answered: it may not have been there.
  sys::Watch watch_;
};

}  // namespace stapsh::client
