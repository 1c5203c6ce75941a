// SPDX-License-Identifier: Apache-2.0
// A stored file, piece by piece: what to ask for and whom, what came, what of it may be handed on. Two pieces are on
// their way at a time, so it is small however big the file is; its last piece is handed on when the digest of all is
// right. Where the broker's store has nothing for us, the client is asked, which has the file and takes longer. Pure.
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
  enum class Source { kStore, kClient };
  /// What a piece was answered with.
  enum class Answer { kBytes, kNotThere, kNotNow };

  FileFetch(const broker::StoredFile& file, TimePoint begin_at);

  /// Who is asked. It is the client from the time on at which the store is given up.
  [[nodiscard]] Source source() const { return source_; }
  /// Why it was.
  [[nodiscard]] const std::string& trouble_with_store() const { return trouble_; }
  /// The next piece to be asked for now, at source().
  std::optional<std::uint64_t> next_request(TimePoint now);
  /// When next_request() or on_time() is wanted, if nothing comes before.
  [[nodiscard]] std::optional<TimePoint> next_timer() const;
  /// Takes answers for lost that should have come. The Error is the end of the session.
  Result<> on_time(TimePoint now);
  /// What source() had for a piece; `bytes` of kBytes. One that was not asked for, or came twice, is passed over. The
  /// Error is the end of the session.
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
  void try_again(std::uint64_t index, Piece& piece, TimePoint at, TimePoint now);
  void give_up_store(std::string why, TimePoint now);
  Result<> check_in_order();
  [[nodiscard]] std::string trouble(std::uint64_t piece, std::string_view what) const;

  std::string name_;
  std::string sha256_;
  std::uint64_t size_, pieces_;
  Source source_ = Source::kStore;
  std::string trouble_;
  TimePoint begin_at_;
  bool has_come_ = false;      // Something, from the store.
  std::uint64_t taken_ = 0;    // Pieces.
  std::uint64_t checked_ = 0;  // Likewise: they are in the digest.
  std::deque<Piece> window_;   // From taken_ on.
  Sha256 digest_;
};

}  // namespace stapsh::link
