// SPDX-License-Identifier: Apache-2.0
// A terminal as a person has one: tmux, with a shell in it, whose screen is looked at and whose keys are pressed.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "program.h"
#include "scratch.h"

namespace stapsh::real {

class Terminal {
 public:
  /// The program that it is, in whatever environment the shell and all that it starts shall have. `socket` and
  /// `configuration` are paths; the first is made.
  static std::vector<std::string> maker(const std::string& socket, const std::string& configuration);
  /// A configuration for a plain shell with the prompt `$ `, which is written there; its path.
  static std::string plain(const Scratch& scratch);
  Terminal(ProgramOptions maker, std::string socket, unsigned columns, unsigned rows = 24);
  ~Terminal() { end(); }  ///< The shell and tmux.

  /// What can be seen, a line each, without the blanks at their ends and the empty lines below.
  std::vector<std::string> screen() const;
  /// The same with all that has scrolled away.
  std::vector<std::string> history() const;
  testing::AssertionResult wait_for(const std::string& what,
                                    const std::function<bool(const std::vector<std::string>&)>& is_so,
                                    Bound bound = kBound) const;
  /// Waits until a line of the screen begins so.
  testing::AssertionResult wait_for_line(std::string_view begin, Bound bound = kBound) const;
  /// Waits until no line of the screen begins so.
  testing::AssertionResult wait_for_no_line(std::string_view begin, Bound bound = kBound) const;

  /// What tmux knows of it, as `format` says: "#{cursor_flag}".
  std::string state(std::string_view format) const;

  void type(std::string_view text) const;   ///< As it is.
  void press(std::string_view key) const;   ///< By tmux's name: Enter, C-c, C-z.
  void enter(std::string_view line) const;  ///< A line, with Enter.
  void resize(unsigned columns, unsigned rows = 24) const;

 private:
  void end();
  std::string tmux(std::vector<std::string> words) const;
  std::vector<std::string> capture(std::vector<std::string> words) const;

  std::string socket_;
  std::vector<std::string> env_;  // Of the server: a shell's PATH is that of who asks for it.
  Program server_;
};

/// All of it in one text, for a failure.
std::string shown(const std::vector<std::string>& lines);

}  // namespace stapsh::real
