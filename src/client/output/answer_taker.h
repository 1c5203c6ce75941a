// SPDX-License-Identifier: Apache-2.0
// Who wants answers, beside the person at the terminal.
#pragma once

#include <string_view>

#include "client/answers/answer_book.h"
#include "client/events/event.h"

namespace stapsh::client {

/// Also an event sink: of the same run, and each event reaches it after the answers that came of it.
class AnswerTaker : public EventSink {
 public:
  virtual void on_answer(const Answer& answer) = 0;
  virtual void on_notice(const AnswerNotice& notice, WallTime now) = 0;
  /// Of `map`, `what` (for a person: a picture, its last values) is missing or not whole by a fault of our own.
  virtual void on_fault(std::string_view map, std::string_view what) = 0;
};

}  // namespace stapsh::client
