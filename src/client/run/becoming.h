// SPDX-License-Identifier: Apache-2.0
// One sudo that may ask for a password, at the other end of one connection: finds its question, and answers it once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "client/async/asio_types.h"
#include "client/prompts/sudo_password.h"
#include "client/run/agent_input.h"
#include "client/targets/target_list.h"
#include "client/transport/become.h"

namespace stapsh::client {

class Becoming {
 public:
  /// All is lent but `prompt`, sudo's.
  Becoming(SudoPassword& password, const Target& target, AgentInput& input, std::string prompt)
      : password_(password), target_(target), input_(input), watch_(std::move(prompt)) {}

  /// What came on standard error; returns it without sudo's questions.
  std::string on_errors(std::string_view bytes);
  /// Whether its question is to be answered now: once.
  bool wants_answer() { return asked() && !std::exchange(answering_, true); }
  Awaitable<> answer(std::function<bool()> is_unwanted);
  /// Takes the password out of what is said: whoever got it instead of sudo may quote it.
  void conceal(std::string& text) const;
  /// What sudo starts has spoken.
  void note_started();
  /// The connection has ended.
  void note_ended();

  /// When somebody was last asked, or waited for: now, while that lasts. None: sudo asked nothing.
  [[nodiscard]] std::optional<TimePoint> last_asked() const;
  /// Why sudo was given no answer; empty: it was, or has not asked.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  [[nodiscard]] bool asked() const { return watch_.count() > 0; }

  SudoPassword& password_;
  const Target& target_;
  AgentInput& input_;
  PromptWatch watch_;
  std::optional<TimePoint> answered_;
  SudoPassword::Line sent_;
  std::string failure_;
  bool answering_ = false;
  bool started_ = false;
};

}  // namespace stapsh::client
