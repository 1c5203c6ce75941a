// SPDX-License-Identifier: Apache-2.0
// A line that stays below all that is written on a terminal: what must be written to draw and to erase it. It never
// gets among other output: it is erased before anything is written there, and drawn only where a line begins. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stapsh::client {

class StatusLine {
 public:
  /// Something is about to be written there.
  void erase();
  /// `text` fits into a line. Once more: redraws. Does nothing in the middle of a line of others.
  void draw(std::string_view text);
  /// Others have begun to write where it is: what they left of it is erased.
  void yield();
  /// Something was written there, which ended in `last`.
  void note_output(char last) { line_begins_ = last == '\n'; }
  /// Others have written there meanwhile: it is theirs now.
  void forget();

  /// What is to be written before anything else is.
  [[nodiscard]] std::string_view pending() const { return pending_; }
  void consume(std::size_t size) { pending_.erase(0, size); }
  [[nodiscard]] bool shown() const { return shown_; }

 private:
  std::string pending_;
  bool shown_ = false;
  bool line_begins_ = true;
};

}  // namespace stapsh::client
