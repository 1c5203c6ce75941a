// SPDX-License-Identifier: Apache-2.0
// One sudo that may ask for a password, at the other end of one connection: finds its question, and answers it once.
// What else is asked there (a code, a new password) the person is, each time, under the target's name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "client/async/asio_types.h"
#include "client/prompts/given_answers.h"
#include "client/prompts/sudo_password.h"
#include "client/prompts/typed_answer.h"
#include "client/run/agent_input.h"
#include "client/targets/target_list.h"
#include "client/transport/become.h"

namespace stapsh::client {

class Becoming {
 public:
  /// All is lent but `prompt`, sudo's.
  Becoming(asio::io_context& io, const Asker& asker, SudoPassword& password, const Target& target, AgentInput& input,
           std::string prompt);

  /// What came on standard error; returns it without sudo's questions.
  std::string on_errors(std::string_view bytes);
  /// Whether its question is to be answered now: once.
  bool wants_answer() { return asked() && !std::exchange(answering_, true); }
  Awaitable<> answer(std::function<bool()> is_unwanted);
  /// Whether something else may be asked; then ask_person() is to be called.
  bool may_ask() {
    const bool may_answer = !started_ && failure_.empty() && watch_.count() <= 1 && !is_answering_password();
    return may_answer && !questions_.question().empty() && !std::exchange(asking_, true);
  }
  /// Waits whether it is a question, and asks the person.
  Awaitable<> ask_person(std::function<bool()> is_unwanted);
  /// Whether anything was sent for sudo: whoever got it instead may quote it.
  [[nodiscard]] bool has_sent() const { return !given_.empty(); }
  /// `text` as it was said there, without what was sent.
  [[nodiscard]] std::string conceal(std::string_view text) const { return given_.conceal(text); }
  /// What sudo starts has spoken.
  void note_started();
  /// The connection has ended.
  void note_ended();

  /// When sudo's question was last answered: now, while it has not been. None: it asked nothing. What else is asked the
  /// asker knows.
  [[nodiscard]] std::optional<TimePoint> last_asked() const;
  /// Why sudo was given no answer; empty: it was, or has not asked.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  [[nodiscard]] bool asked() const { return watch_.count() > 0; }
  [[nodiscard]] bool is_answering_password() const { return asked() && !answered_; }
  void send(TypedAnswer::Line line, std::string_view mask, std::string_view question);
  void give_up(std::string why);

  SudoPassword& password_;
  const Target& target_;
  AgentInput& input_;
  SudoStart start_;
  PromptWatch watch_;
  QuestionWatch questions_;
  TypedAnswer typed_;
  asio::steady_timer quiet_;
  TimePoint last_bytes_;
  std::optional<TimePoint> answered_;
  GivenAnswers given_;
  std::string failure_;
  bool answering_ = false;
  bool asking_ = false;     // The person, or waiting whether to.
  bool line_open_ = false;  // An answer has ended it, which is not shown there.
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace stapsh::client
