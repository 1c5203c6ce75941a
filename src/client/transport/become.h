// SPDX-License-Identifier: Apache-2.0
// An agent that is another user's (--become): sudo starts it, or the first stage of --bootstrap, at the other end.
// Where sudo may ask for a password, what it starts says when it is there, as the stage does (bootstrap_talk.h): before
// that, sudo would take whatever is sent for a password. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/options/rstap_options.h"

namespace stapsh::client {

/// A command for any login shell: sudo starts `words`, as `options` have it.
std::string become_command(const ReachOptions& options, std::string_view words);
/// Words for it: an agent; none: it is searched for as without sudo.
std::string agent_words(const std::optional<std::string>& program);

/// The line of what sudo said that is its reason, with what to do about it.
std::string sudo_reason(std::string_view errors, bool asks);

/// Finds where sudo begins in what comes on standard error: at the mark that our shell says last. Before it start files
/// speak, and whatever they say without an end ("Loading profile...") asks nothing.
class SudoStart {
 public:
  /// `prompt` is sudo's, of which the mark is made.
  explicit SudoStart(std::string_view prompt);

  /// Returns what is before the mark; `bytes` become what is behind it, valid until the next call. What may yet become
  /// the mark is kept until more comes.
  std::string on_bytes(std::string_view& bytes);
  [[nodiscard]] bool found() const { return found_; }

 private:
  std::string mark_;
  std::string kept_;
  bool found_ = false;
};

/// Finds sudo's question in what comes on standard error.
class PromptWatch {
 public:
  explicit PromptWatch(std::string prompt) : prompt_(std::move(prompt)) {}

  /// Returns what is none of it. What may yet become one is kept until more comes.
  std::string on_bytes(std::string_view bytes);
  /// So many times it has asked.
  [[nodiscard]] unsigned count() const { return count_; }

 private:
  std::string prompt_;
  std::string kept_;
  unsigned count_ = 0;
};

/// Finds what else is asked there, by PAM for example: "Verification code: ", "New password: ". Nothing marks it but
/// that it comes behind the start of sudo, its last line has no end, and nothing follows for a while.
class QuestionWatch {
 public:
  /// What is none of sudo's own prompt.
  void on_bytes(std::string_view bytes);
  /// What was said until now is no part of what will be asked.
  void forget() { said_.clear(); }
  /// What is to be shown, if that was all: lines, the last one without an end. Empty: it is no question.
  [[nodiscard]] std::string question() const;

 private:
  std::string said_;
};

}  // namespace stapsh::client
