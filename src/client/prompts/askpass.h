// SPDX-License-Identifier: Apache-2.0
// The process that ssh starts, or we ourselves, to ask a person something: ourselves, as ssh's SSH_ASKPASS. It waits
// for its turn (asker.h), asks at the terminal, and writes the answer to standard output, which ssh reads. It puts the
// terminal back however it ends, SIGKILL aside; then the asker does. If the asker dies, or ssh, it asks no longer.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace stapsh::client {

struct AskpassWords {
  std::string text;    ///< ssh's question; empty with `is_on_input`.
  bool is_on_input;    ///< The question is ours (typed_answer.h): standard input has its text.
  std::string hint;    ///< ssh's SSH_ASKPASS_PROMPT: "confirm", "none" or empty.
  std::string socket;  ///< Where the asker is.
  std::string target;
};

/// What it was started for, if it was started by an ssh of ours. `words`: argv, all of it.
std::optional<AskpassWords> askpass_words(std::span<const std::string> words);

/// The exit code, for ssh: 0 with an answer.
Result<int> run_askpass(const AskpassWords& words);

}  // namespace stapsh::client
