// SPDX-License-Identifier: Apache-2.0
#include "link/hosted_session.h"

#include <algorithm>
#include <utility>

namespace stapsh::link {
namespace {

// For a client that takes the rest of the output, or reads nothing because a person does not. It says something now and
// then: its keepalive.
constexpr Duration kOutputPatience = std::chrono::minutes(10);
// For its End, which it owes us when it has ours; and for an agent that is to take the rest of its input.
constexpr Duration kEndPatience = std::chrono::seconds(10);
// A client with a keepalive says something more often. One that is silent for so long may be gone, which the broker
// tells whoever says something to it; and its agent may have nothing to say, and know no keepalive yet.
constexpr Duration kClientSilence = std::chrono::seconds(10);
constexpr broker::Credit kNothingNew{0};  // No credit is taken back.

}  // namespace

HostedSession::HostedSession(SessionHost& host, broker::SessionName name, std::uint64_t serial, sys::UniqueFd socket,
                             std::uint64_t send_until, broker::CreditPool& pool, TimePoint now)
    : host_(host),
      name_(std::move(name)),
      serial_(serial),
      pump_(std::move(socket), broker::Stream::Side::kHost, send_until, pool,
            [this](const broker::Message& message) { host_.send(name_, message); }),
      ask_at_(now + kClientSilence) {}

Result<> HostedSession::on_message(const broker::Message& message, TimePoint now) {
  ask_at_ = now + kClientSilence;
  if (patience_ends_at_ && !has_sent_all()) patience_ends_at_ = now + kOutputPatience;
  if (const auto* const piece = std::get_if<broker::Piece>(&message)) return on_client_piece(*piece, now);
  TRY(pump_.on_message(message));
  get_on_with_files(now);
  return {};
}

void HostedSession::on_reset(TimePoint now) {
  was_reset_ = true;
  fetch_.reset();
  pump_.on_reset();
  patience_ends_at_ = now + kEndPatience;
}

void HostedSession::on_socket(std::uint32_t events, TimePoint now) {
  const bool had_sent_all = has_sent_all();
  pump_.on_socket(events);
  if (patience_ends_at_ && has_sent_all() && !had_sent_all) patience_ends_at_ = now + kEndPatience;
  get_on_with_files(now);
}

void HostedSession::get_on_with_files(TimePoint now) {
  while (const broker::StoredFile* const file = pump_.file()) {
    if (pump_.hung_up()) {  // Nobody is there to take it.
      fetch_.reset();
      pump_.finish_file();
      continue;
    }
    if (!fetch_) {
      const std::chrono::duration<double, std::milli> wait(host_.random_fraction() * file->spread_ms);
      fetch_.emplace(*file, now + std::chrono::duration_cast<Duration>(wait));
      ++files_;
    }
    while (pump_.wants_file_bytes()) {
      const std::optional<std::string> bytes = fetch_->take();
      if (!bytes) break;
      pump_.write_file(*bytes);
    }
    if (fetch_->is_done() && pump_.wants_file_bytes()) {
      fetch_.reset();
      pump_.finish_file();
      continue;
    }
    while (const std::optional<std::uint64_t> piece = fetch_->next_request(now)) {
      ask_for(*piece, *file);
    }
    break;
  }
}

void HostedSession::ask_for(std::uint64_t piece, const broker::StoredFile& file) {
  if (fetch_->source() == FileFetch::Source::kStore) {
    return host_.ask_for_piece({serial_, files_, piece}, file.sha256);
  }
  host_.note_unfetched(fetch_->trouble_with_store());
  host_.send(name_, broker::WantPiece{file.offset + piece * broker::kPieceBytes});
}

Result<> HostedSession::on_client_piece(const broker::Piece& piece, TimePoint now) {
  const broker::StoredFile* const file = pump_.file();
  if (!fetch_ || fetch_->source() != FileFetch::Source::kClient || file == nullptr || piece.offset < file->offset) {
    return {};
  }
  const std::uint64_t at = piece.offset - file->offset;
  if (at % broker::kPieceBytes != 0) return {};
  TRY(fetch_->on_answer(at / broker::kPieceBytes, FileFetch::Answer::kBytes, piece.bytes, now));
  get_on_with_files(now);
  return {};
}

Result<> HostedSession::on_piece(const PieceName& name, FileFetch::Answer answer, std::string_view bytes,
                                 TimePoint now) {
  if (!fetch_ || name.file != files_ || fetch_->source() != FileFetch::Source::kStore) return {};
  TRY(fetch_->on_answer(name.piece, answer, bytes, now));
  get_on_with_files(now);
  return {};
}

Result<> HostedSession::on_time(TimePoint now) {
  if (fetch_) {
    TRY(fetch_->on_time(now));
    get_on_with_files(now);
  }
  if (!was_reset_ && ask_at_ <= now) {
    host_.send(name_, kNothingNew);
    ask_at_ = now + kClientSilence;
  }
  if (!patience_ends_at_ || now < *patience_ends_at_) return {};
  if (!has_sent_all() && !was_reset_)
    return fail(Errc::kTimeout, "the agent has ended, and nobody took the rest of its output");
  forgotten_ = true;
  return {};
}

void HostedSession::on_agent_ended(TimePoint now) {
  if (was_reset_) return;
  patience_ends_at_ = now + (has_sent_all() ? kEndPatience : kOutputPatience);
}

std::optional<TimePoint> HostedSession::next_timer() const {
  std::optional<TimePoint> first = patience_ends_at_;
  if (!was_reset_) first = std::min(first.value_or(ask_at_), ask_at_);
  if (!fetch_) return first;
  const std::optional<TimePoint> fetch = fetch_->next_timer();
  return !first || (fetch && *fetch < *first) ? fetch : first;
}

Result<> HostedSession::watch(const sys::Epoll& epoll, bool may_read) {
  std::optional<std::uint32_t> wanted = pump_.wanted();
  if (wanted && !may_read) wanted = *wanted & ~std::uint32_t{EPOLLIN};
  if (!wanted || (!may_read && pump_.hung_up() && *wanted == 0)) {
    watch_.reset();
    return {};
  }
  if (watch_.active()) return watch_.modify(*wanted);
  watch_ = TRY(epoll.add(pump_.fd(), *wanted, serial_));
  return {};
}

}  // namespace stapsh::link
