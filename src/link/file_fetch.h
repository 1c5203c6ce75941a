// SPDX-License-Identifier: Apache-2.0
// A stored file, piece by piece: what to ask for, what came, what of it may be handed on. Two pieces are on their way
// at a time, so it is small however big the file is; its last piece is handed on when the digest of all is right. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "broker/message.h"

namespace stapsh::link {

class FileFetch {
 public:
  /// What a piece was answered with, other than its bytes.
  enum class Answer { kBytes, kNotThere, kNotNow };

  FileFetch(const broker::StoredFile& file, TimePoint begin_at);

  /// The next piece to be asked for now.
  std::optional<std::uint64_t> next_request(TimePoint now);
  /// When next_request() or on_time() is wanted, if nothing comes before.
  [[nodiscard]] std::optional<TimePoint> next_timer() const;
  /// Takes answers for lost that should have come. The Error is the end of the session.
  Result<> on_time(TimePoint now);
  /// What came for a piece; `bytes` of kBytes. One that was not asked for, or came twice, is passed over.
  Result<> on_answer(std::uint64_t piece, Answer answer, std::string_view bytes, TimePoint now);
  /// The next bytes of the file, if they have come.
  std::optional<std::string> take();
  /// All was taken.
  [[nodiscard]] bool is_done() const { return taken_ == pieces_; }

 private:
  enum class State { kToAsk, kAsked, kHere };
  struct Piece {
    State state = State::kToAsk;
    TimePoint at{};  // When to ask, or when an answer is taken for lost.
    int tries = 0;
    std::string bytes{};
  };

  [[nodiscard]] std::size_t size_of(std::uint64_t piece) const;
  Result<> try_again(std::uint64_t index, Piece& piece, TimePoint at);
  Result<> check_in_order();
  [[nodiscard]] Error trouble(std::uint64_t piece, std::string_view what) const;

  std::string name_;
  std::string sha256_;
  std::uint64_t size_, pieces_;
  std::uint64_t taken_ = 0;    // Pieces.
  std::uint64_t checked_ = 0;  // Likewise: they are in the digest.
  std::deque<Piece> window_;   // From taken_ on.
  Sha256 digest_;
};

}  // namespace stapsh::link
