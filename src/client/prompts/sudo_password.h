// SPDX-License-Identifier: Apache-2.0
// The one password for sudo on all targets (--ask-become-pass). It is asked for when the first sudo wants it, as ssh's
// questions are: by a process of ours (typed_answer.h). One target tries it; the others wait, and are sent it only once
// that one's sudo has taken it. So a wrong one costs one try on one machine, and no target gets it twice.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/prompts/asker.h"
#include "client/prompts/typed_answer.h"

namespace stapsh::client {

class SudoPassword {
 public:
  using Line = TypedAnswer::Line;

  /// `asker` is lent; `question` is what a person sees, behind "rstap: ".
  SudoPassword(asio::io_context& io, const Asker& asker, std::string question)
      : question_(std::move(question)), typed_(io, asker), changed_(io) {}

  /// For the sudo of a target. The Error says why it is not sent one. `is_unwanted`: nobody waits for it any more.
  Awaitable<Result<Line>> get(std::size_t target, std::function<bool()> is_unwanted);
  /// What the target was sent until now, on an earlier connection; none: nothing.
  [[nodiscard]] Line sent_to(std::size_t target) const { return sent_.contains(target) ? line_ : nullptr; }
  /// Its sudo has taken it.
  void note_taken(std::size_t target);
  /// Its connection has ended without that. Whoever waits in get() looks whether it is still wanted.
  void note_ended(std::size_t target, const std::string& name);

 private:
  std::string question_;
  TypedAnswer typed_;
  Condition changed_;
  Line line_;
  std::set<std::size_t> sent_, taken_;
  std::optional<std::size_t> trying_;  // Who tries it, or asks for it.
  std::string refusal_;                // Why nobody is sent it.
};

}  // namespace stapsh::client
