// SPDX-License-Identifier: Apache-2.0
// One sudo that may ask for a password, at the other end of one connection: finds its question, and answers it once.
// What else is asked there (a code, a new password) the person is, each time, under the target's name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "client/async/asio_types.h"
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
           std::string prompt)
      : password_(password), target_(target), input_(input), watch_(std::move(prompt)), typed_(io, asker), quiet_(io) {}

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
  /// Takes what was answered out of what is said: whoever got it instead of sudo may quote it.
  void conceal(std::string& text) const;
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
  void send(TypedAnswer::Line line, std::size_t concealed_bytes_min);
  void give_up(std::string why);

  SudoPassword& password_;
  const Target& target_;
  AgentInput& input_;
  PromptWatch watch_;
  QuestionWatch questions_;
  TypedAnswer typed_;
  asio::steady_timer quiet_;
  TimePoint last_bytes_;
  std::optional<TimePoint> answered_;
  std::vector<TypedAnswer::Line> concealed_;  // Of those that were sent.
  std::string failure_;
  bool answering_ = false;
  bool asking_ = false;     // The person, or waiting whether to.
  bool line_open_ = false;  // An answer has ended it, which is not shown there.
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace stapsh::client
