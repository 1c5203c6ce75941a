// SPDX-License-Identifier: Apache-2.0
#include "nats/session_pump.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "sys/io.h"

namespace stapsh::nats {
namespace {

// Before others have their turn.
constexpr int kReadsPerTurn = 4;
// That wait for their turn: they take no credit. A session has not more files.
constexpr std::size_t kFilesMax = 64;

}  // namespace

SessionPump::SessionPump(sys::UniqueFd socket, broker::Stream::Side side, std::uint64_t send_until,
                         broker::CreditPool& pool, Send send)
    : socket_(std::move(socket)),
      stream_(side, send_until, first_credit(side, pool)),
      pool_(pool),
      share_(pool.open(first_credit(side, pool))),
      send_(std::move(send)) {}

Result<> SessionPump::on_message(const broker::Message& message) {
  const broker::Stream::Arrival arrival = TRY(stream_.receive(message));
  if (arrival.file != nullptr) {
    if (later_.size() == kFilesMax) return fail(Errc::kPeer, "too many stored files at a time");
    later_.push_back({*arrival.file, {}});
  }
  if (!arrival.bytes.empty()) take(arrival.bytes);
  write_held();
  return {};
}

void SessionPump::on_reset() {
  was_reset_ = true;
  send_ = [](const broker::Message&) {};
  later_.clear();
  write_held();
}

void SessionPump::take(std::string_view bytes) {
  if (!later_.empty()) {
    later_.back().bytes += bytes;
    return;
  }
  // Most often the socket takes it all, and nothing is kept.
  if (held_.empty() && !hung_up_) {
    const Result<sys::IoResult> done = sys::write_some(socket_.get(), bytes);
    if (done && !done->would_block) {
      use(done->bytes);
      bytes.remove_prefix(done->bytes);
    }
  }
  held_.append(bytes);
}

void SessionPump::write_held() {
  while (!held_.empty()) {
    if (hung_up_) {
      // Nobody will read it, and its sender need not wait.
      written(held_.size());
      break;
    }
    const Result<sys::IoResult> done = sys::write_some(socket_.get(), held_.view());
    if (!done) {
      hung_up_ = true;
      continue;
    }
    if (done->would_block) return;
    written(done->bytes);
  }
  end_if_written();
}

void SessionPump::written(std::size_t bytes) {
  held_.consume(bytes);
  const std::size_t of_file = std::min(bytes, file_bytes_held_);
  file_bytes_held_ -= of_file;
  if (bytes > of_file) use(bytes - of_file);
}

void SessionPump::use(std::size_t bytes) {
  if (const std::optional<broker::Credit> credit = pool_.use(stream_, share_, bytes)) send_(*credit);
}

void SessionPump::end_if_written() {
  if (!stream_.has_received_end() || !held_.empty() || !later_.empty() || std::exchange(closed_for_writing_, true))
    return;
  (void)::shutdown(socket_.get(), SHUT_WR);  // It fails only where the other end has gone.
}

void SessionPump::on_socket(std::uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  write_held();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some();
}

void SessionPump::read_some() {
  std::array<char, broker::kDataBytesMax> buffer;
  for (int turn = 0; turn < kReadsPerTurn && !stream_.has_sent_end() && !paused_ && !was_reset_; ++turn) {
    const std::size_t room = stream_.sendable();
    // An end needs no credit.
    const Result<sys::IoResult> got = room > 0 ? receive_(socket_.get(), std::span(buffer).first(room))
                                               : sys::peek_some(socket_.get(), std::span(buffer).first(1));
    if (!got || got->end) {  // An error is the end of a socket whose other end has gone with bytes unread.
      send_(stream_.send_end());
      return;
    }
    if (got->would_block || room == 0) return;
    send_(stream_.send({buffer.data(), got->bytes}));
  }
}

std::optional<std::uint32_t> SessionPump::wanted() const {
  const std::uint32_t reading = stream_.sendable() > 0 && !paused_ && !was_reset_ ? std::uint32_t{EPOLLIN} : 0;
  const std::uint32_t writing = held_.empty() ? 0 : std::uint32_t{EPOLLOUT};
  // The end of what is read, and our own of what is written, are together a hang-up as well.
  const bool tells_hangup = hung_up_ || stream_.has_sent_end();
  if (tells_hangup && (reading | writing) == 0) return std::nullopt;
  return reading | writing;
}

const broker::StoredFile* SessionPump::file() const { return later_.empty() ? nullptr : &later_.front().file; }

void SessionPump::write_file(std::string_view bytes) {
  STAPSH_ASSERT(wants_file_bytes());
  held_.append(bytes);
  file_bytes_held_ = bytes.size();
  write_held();
}

void SessionPump::finish_file() {
  STAPSH_ASSERT(!later_.empty());
  const std::string behind = std::move(later_.front().bytes);
  later_.pop_front();
  held_.append(behind);
  write_held();
}

bool SessionPump::is_over() const {
  const bool have_ended = stream_.has_sent_end() && stream_.has_received_end();
  return (have_ended || was_reset_) && held_.empty() && later_.empty();
}

}  // namespace stapsh::nats
