// SPDX-License-Identifier: Apache-2.0
// The cursor waits at the line's beginning. Where a terminal becomes narrower and breaks the line, it stays there, so
// that all from it on is ours; at the line's end it would be somewhere below. While it is drawn the terminal does not
// wrap: it may take a character for wider than we do.
// Source: ECMA-48 (ED, EL); DEC's private mode 7, autowrap, as in xterm's ctlseqs.
#include "client/output/status_line.h"

#include <utility>

namespace stapsh::client {
namespace {

// All below is erased from the second column on: tmux takes erasing from its first cell on for clearing the screen,
// which it keeps in its history.
constexpr std::string_view kEraseLine = "\r \033[J\r\033[K", kEraseFromCursor = "\033[J";
constexpr std::string_view kWrapOff = "\033[?7l", kWrapOn = "\033[?7h";

}  // namespace

void StatusLine::erase() {
  if (std::exchange(shown_, false)) pending_ += kEraseLine;
}

void StatusLine::yield() {
  if (std::exchange(shown_, false)) pending_ += kEraseFromCursor;
}

void StatusLine::draw(std::string_view text) {
  if (!line_begins_) return;
  erase();
  pending_.append(kWrapOff).append(text).append(kWrapOn).append("\r");
  shown_ = true;
}

void StatusLine::forget() {
  shown_ = false;
  pending_.clear();
}

}  // namespace stapsh::client
