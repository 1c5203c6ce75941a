// SPDX-License-Identifier: Apache-2.0
#include "client/relay/relay_session.h"

#include <algorithm>
#include <utility>

namespace stapsh::client {

RelaySession::RelaySession(broker::SessionName its_name, std::string its_inbox, sys::UniqueFd socket,
                           broker::CreditPool& pool, Send send, TakeFile take_file)
    : name(std::move(its_name)),
      inbox(std::move(its_inbox)),
      input_([this, take = std::move(take_file)](sys::UniqueFd file) {
        pump_.pause(true);
        take(name.number, std::move(file));
      }),
      pump_(std::move(socket), broker::Stream::Side::kClient, broker::Stream::kFirstCredit, pool,
            [this](const broker::Message& message) {
              if (const auto* data = std::get_if<broker::Data>(&message); data != nullptr && !begun_)
                first_ += data->bytes;
              send_(*this, message);
            }),
      send_(std::move(send)),
      first_credit_(pool.base()) {
  pump_.set_receive([this](int fd, std::span<char> buffer) { return input_.receive(fd, buffer); });
  pump_.pause(true);
}

void RelaySession::ask() {
  send_(*this, broker::Open{first_credit_});
  if (!first_.empty()) send_(*this, broker::Data{0, first_});
  if (pump_.has_sent_end()) send_(*this, broker::End{first_.size()});
  is_asked_ = true;
  pump_.pause(false);
  pump_.on_socket(EPOLLIN);
}

void RelaySession::send_file(const LentFile& file, bool is_stored, std::uint32_t spread_ms) {
  if (is_stored) {
    stored_.push_back({pump_.send_file(file.digest(), file.content().size(), spread_ms), &file});
  } else {
    input_.put_in_front(file.content());
  }
  pump_.pause(false);
  if (is_stored) pump_.on_socket(EPOLLIN);
}

Result<> RelaySession::on_message(const broker::Message& message) {
  begun_ = is_asked_ = true;
  first_ = {};
  if (const auto* const want = std::get_if<broker::WantPiece>(&message)) return take_wanted(want->offset);
  return pump_.on_message(message);
}

const RelaySession::StoredFile* RelaySession::file_at(std::uint64_t offset) const {
  const auto behind = std::ranges::upper_bound(stored_, offset, {}, &StoredFile::offset);
  if (behind == stored_.begin()) return nullptr;
  const StoredFile& stored = *std::prev(behind);
  return offset - stored.offset < stored.file->content().size() ? &stored : nullptr;
}

Result<> RelaySession::take_wanted(std::uint64_t offset) {
  const StoredFile* const stored = file_at(offset);
  if (stored == nullptr || (offset - stored->offset) % broker::kPieceBytes != 0 || offset < next_piece_) {
    return fail(Errc::kPeer, "a piece of a file was asked for that was not sent, or twice");
  }
  if (wanted_.size() == broker::kPiecesAtATime) return fail(Errc::kPeer, "too many pieces were asked for at a time");
  next_piece_ = offset + 1;
  wanted_.push_back(offset);
  return {};
}

void RelaySession::send_piece() {
  if (wanted_.empty()) return;
  const std::uint64_t offset = wanted_.front();
  wanted_.pop_front();
  const StoredFile& stored = *file_at(offset);
  send_(*this, broker::Piece{offset, stored.file->content().substr(offset - stored.offset, broker::kPieceBytes)});
}

Result<> RelaySession::watch(const sys::Epoll& epoll, std::uint64_t id) {
  std::optional<std::uint32_t> wanted = pump_.wanted();
  // It is read in its turn: send_more().
  if (wanted && input_.has_more()) wanted = *wanted & ~std::uint32_t{EPOLLIN};
  if (!wanted || (pump_.hung_up() && *wanted == 0)) {
    watch_.reset();
    return {};
  }
  if (watch_.active()) return watch_.modify(*wanted);
  watch_ = TRY(epoll.add(pump_.fd(), *wanted, id));
  return {};
}

}  // namespace stapsh::client
