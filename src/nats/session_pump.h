// SPDX-License-Identifier: Apache-2.0
// One end of a session: a stream socket, and the messages that stand for its bytes. Link and relay have one for each
// session. It never waits, and holds no more than the other end has credit for and two pieces of a file.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "broker/credit_pool.h"
#include "broker/stream.h"
#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::nats {

class SessionPump {
 public:
  using Send = std::function<void(const broker::Message& message)>;
  /// As sys::read_some().
  using Receive = std::function<Result<sys::IoResult>(int socket, std::span<char> buffer)>;

  /// `send_until`: what the other end's Open said; of a client Stream::kFirstCredit. `pool` is lent. `send` publishes.
  SessionPump(sys::UniqueFd socket, broker::Stream::Side side, std::uint64_t send_until, broker::CreditPool& pool,
              Send send);
  SessionPump(const SessionPump&) = delete;
  SessionPump& operator=(const SessionPump&) = delete;
  ~SessionPump() { pool_.close(stream_); }

  /// How the socket is read, where it carries more than bytes: a client's has files in it.
  void set_receive(Receive receive) { receive_ = std::move(receive); }
  /// From now on nothing is read, or is again; then call on_socket(EPOLLIN).
  void pause(bool is_paused) { paused_ = is_paused; }
  /// The client's: the next bytes are that file's. Returns the offset of the first.
  std::uint64_t send_file(std::string_view sha256, std::uint64_t size, std::uint32_t spread_ms) {
    const broker::StoredFile file = stream_.send_file(sha256, size, spread_ms);
    send_(file);
    return file.offset;
  }

  /// What the other end may send at first: a client's Open says it.
  static std::uint64_t first_credit(broker::Stream::Side side, const broker::CreditPool& pool) {
    return side == broker::Stream::Side::kClient ? pool.base() : broker::Stream::kFirstCredit;
  }

  /// A message that broker::Stream takes. An Error is the reason of the Reset that is due: the session is over.
  Result<> on_message(const broker::Message& message);
  /// The other end has ended the session: nothing more comes or is said. What came before is still written, as far as
  /// it is here: not a file that has yet to be fetched, nor what is behind it.
  void on_reset();
  /// What epoll(7) has said of the socket.
  void on_socket(std::uint32_t events);
  /// What epoll is to tell of; none: nothing, not even a hang-up, which would be told again and again. It may be
  /// something else after each call of the two above, and of the two for a file.
  [[nodiscard]] std::optional<std::uint32_t> wanted() const;
  [[nodiscard]] int fd() const { return socket_.get(); }

  /// The file whose bytes are to be written next, if it is a file's turn.
  [[nodiscard]] const broker::StoredFile* file() const;
  /// Whether the socket has taken all that is before the next bytes of file().
  [[nodiscard]] bool wants_file_bytes() const { return file() != nullptr && held_.empty(); }
  /// When it wants_file_bytes(): at most a few pieces.
  void write_file(std::string_view bytes);
  /// All bytes of file() were written.
  void finish_file();

  /// Whoever has the socket's other end has closed it: nothing can be written, and what it wrote is still read.
  [[nodiscard]] bool hung_up() const { return hung_up_; }
  /// Our direction has ended, and all of it was sent.
  [[nodiscard]] bool has_sent_end() const { return stream_.has_sent_end(); }
  /// The other end's direction has ended.
  [[nodiscard]] bool has_received_end() const { return stream_.has_received_end(); }
  /// Both directions have ended, or were by a Reset, and all that came is written.
  [[nodiscard]] bool is_over() const;

 private:
  // A file, and the bytes of messages that came behind it.
  struct Later {
    broker::StoredFile file;
    std::string bytes;
  };

  void take(std::string_view bytes);
  void write_held();
  void written(std::size_t bytes);
  void use(std::size_t bytes);
  void read_some();
  void end_if_written();

  sys::UniqueFd socket_;
  broker::Stream stream_;
  broker::CreditPool& pool_;
  broker::CreditPool::Share share_;
  Send send_;
  Receive receive_ = sys::read_some;
  ByteBuffer held_;                  // To be written now,
  std::size_t file_bytes_held_ = 0;  // of these at the front a file's, which took no credit.
  std::deque<Later> later_;
  bool hung_up_ = false, closed_for_writing_ = false, paused_ = false, was_reset_ = false;
};

}  // namespace stapsh::nats
