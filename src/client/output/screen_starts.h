// SPDX-License-Identifier: Apache-2.0
// Where a target's text begins a new screen, as top does: it clears the terminal, or moves to its upper left corner.
// Pure. Any split of the bytes gives the same.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stapsh::client {

class ScreenStarts {
 public:
  struct Piece {
    bool starts = false;    ///< A new screen; however many sequences say so, one behind the other.
    std::string_view text;  ///< Else: some of the text. Valid until the next call.
  };

  /// Whether bytes are text and nothing more, so that they need not be read here.
  [[nodiscard]] bool is_text(std::string_view bytes) const {
    return waiting_.empty() && !started_ && bytes.find(kEscape) == std::string_view::npos;
  }
  /// What is read next; `bytes` are lent until there is no next piece. An unfinished sequence at their end waits for
  /// what follows.
  void add(std::string_view bytes);
  std::optional<Piece> next();
  /// Nothing follows: what waits is text.
  std::string finish();

 private:
  std::string_view take(std::size_t size);

  static constexpr char kEscape = '\033';

  std::string waiting_, joined_;
  std::string_view rest_;
  bool started_ = false;  // Right before.
};

}  // namespace stapsh::client
