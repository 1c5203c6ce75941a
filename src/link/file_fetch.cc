// SPDX-License-Identifier: Apache-2.0
#include "link/file_fetch.h"

#include <algorithm>
#include <utility>

namespace stapsh::link {
namespace {

constexpr std::size_t kWindow = broker::kPiecesAtATime;
constexpr int kTriesMax = 6;
constexpr Duration kAnswerLimit = std::chrono::seconds(5), kClientLimit = std::chrono::seconds(60);
// A store of which nothing has come is perhaps none for this host: asked twice, and given up after so long.
constexpr Duration kStoreLimit = std::chrono::seconds(5), kFirstAnswerLimit = kStoreLimit / 2;
// Where the store has no leader just now, or is being started.
constexpr Duration kPause = std::chrono::seconds(1);
constexpr std::size_t kShownDigits = 12;

}  // namespace

FileFetch::FileFetch(const broker::StoredFile& file, TimePoint begin_at)
    : name_("stored file " + file.sha256.substr(0, kShownDigits)),
      sha256_(file.sha256),
      size_(file.size),
      pieces_((file.size + broker::kPieceBytes - 1) / broker::kPieceBytes),
      begin_at_(begin_at) {
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(pieces_, kWindow); ++i) {
    window_.push_back({State::kToAsk, begin_at});
  }
}

std::optional<std::uint64_t> FileFetch::next_request(TimePoint now) {
  for (std::size_t i = 0; i < window_.size(); ++i) {
    Piece& piece = window_[i];
    if (piece.state != State::kToAsk || piece.at > now) continue;
    piece.state = State::kAsked;
    piece.at = now + (source_ == Source::kClient ? kClientLimit : has_come_ ? kAnswerLimit : kFirstAnswerLimit);
    ++piece.tries;
    return taken_ + i;
  }
  return std::nullopt;
}

std::optional<TimePoint> FileFetch::next_timer() const {
  std::optional<TimePoint> first;
  for (const Piece& piece : window_) {
    if (piece.state != State::kHere && (!first || piece.at < *first)) first = piece.at;
  }
  return first;
}

Result<> FileFetch::on_time(TimePoint now) {
  for (std::size_t i = 0; i < window_.size(); ++i) {
    Piece& piece = window_[i];
    if (piece.state != State::kAsked || piece.at > now) continue;
    // No offset of the session tells that it is lost.
    if (source_ == Source::kClient) return fail(Errc::kTimeout, trouble(taken_ + i, "does not come from its client"));
    try_again(taken_ + i, piece, now, now);
  }
  return {};
}

Result<> FileFetch::on_answer(std::uint64_t index, Answer answer, std::string_view bytes, TimePoint now) {
  if (index < taken_ || index - taken_ >= window_.size()) return {};
  Piece& piece = window_[index - taken_];
  if (piece.state != State::kAsked) return {};
  if (answer == Answer::kNotThere) {
    give_up_store(trouble(index, "is not there"), now);
    return {};
  }
  if (answer == Answer::kNotNow) {
    try_again(index, piece, now + kPause, now);
    return {};
  }
  if (bytes.size() != size_of(index)) {
    return fail(Errc::kPeer, trouble(index, "has " + std::to_string(bytes.size()) + " bytes, not " +
                                                std::to_string(size_of(index))));
  }
  has_come_ = has_come_ || source_ == Source::kStore;
  piece.state = State::kHere;
  piece.bytes = bytes;
  return check_in_order();
}

void FileFetch::try_again(std::uint64_t index, Piece& piece, TimePoint at, TimePoint now) {
  if (has_come_ ? piece.tries == kTriesMax : now >= begin_at_ + kStoreLimit) {
    return give_up_store(trouble(index, "was asked for often enough, and nobody answers"), now);
  }
  piece.state = State::kToAsk;
  piece.at = at;
}

void FileFetch::give_up_store(std::string why, TimePoint now) {
  source_ = Source::kClient;
  trouble_ = std::move(why);
  for (Piece& piece : window_) {
    if (piece.state == State::kHere) continue;
    piece.state = State::kToAsk;
    piece.at = now;
  }
}

Result<> FileFetch::check_in_order() {
  while (checked_ < taken_ + window_.size() && window_[checked_ - taken_].state == State::kHere) {
    digest_.update(window_[checked_ - taken_].bytes);
    if (++checked_ < pieces_) continue;
    if (digest_.finish() == sha256_) continue;
    if (source_ == Source::kStore) {
      return fail(Errc::kPeer,
                  name_ + ": what is stored has another digest; somebody has overwritten it in the broker's store");
    }
    return fail(Errc::kPeer, name_ + (has_come_ ? ": what is stored, or what its client sent, has another digest"
                                                : ": what its client sent has another digest"));
  }
  return {};
}

std::optional<std::string> FileFetch::take() {
  // What is here in its order has been checked: of the last piece that means the whole.
  if (window_.empty() || window_.front().state != State::kHere) return std::nullopt;
  std::string bytes = std::move(window_.front().bytes);
  window_.pop_front();
  ++taken_;
  if (taken_ + window_.size() < pieces_) window_.emplace_back();
  return bytes;
}

std::size_t FileFetch::size_of(std::uint64_t piece) const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(size_ - piece * broker::kPieceBytes, broker::kPieceBytes));
}

std::string FileFetch::trouble(std::uint64_t piece, std::string_view what) const {
  return name_ + ": piece " + std::to_string(piece) + " of " + std::to_string(pieces_) + " " + std::string(what);
}

}  // namespace stapsh::link
