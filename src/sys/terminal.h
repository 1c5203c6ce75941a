// SPDX-License-Identifier: Apache-2.0
// A terminal that others use as well: the shell that started us, programs that ask their person something there.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>

#include "sys/nonblocking.h"

namespace stapsh::sys {

bool is_terminal(int fd);
/// Whether the terminal we were started in says (TERM) that it does more than print what it is sent.
bool obeys_controls();
/// Whether both are one terminal: what is written to either goes to one screen.
bool is_same_terminal(int one, int other);
/// How many characters fit into a line of it; 80 where it does not say.
std::size_t terminal_columns(int fd);
/// Whether it is our turn there, not our shell's or another job's. A terminal without job control is everybody's.
bool is_in_foreground(int fd);
/// Whether what is typed is shown. Who asks for a password turns that off.
bool echoes(int fd);
/// At once, also where another job has the terminal.
void set_terminal_mode(int fd, const termios& mode);
/// Whether a process that descends from us talks with the person at the terminal `fd`: ssh, which asks for a password
/// or whether a host is known, sudo. Nobody of ours is given a terminal as a standard stream, so who has it open has
/// opened it. Looks at all of them: not for each line.
bool is_asked_something(int fd);

/// How many lines it has; 24 where it does not say.
std::size_t terminal_lines(int fd);

/// Keys of a terminal, one by one and unseen, while a view has it; ctrl-C and ctrl-Z stay signals.
class SingleKeys {
 public:
  /// Does nothing where `fd` is no terminal.
  explicit SingleKeys(int fd);
  ~SingleKeys() { end(); }
  SingleKeys(const SingleKeys&) = delete;
  SingleKeys& operator=(const SingleKeys&) = delete;

  /// To be called in the foreground.
  void begin();
  /// The terminal is as it was before begin(), unless it is another job's now.
  void end();
  /// What was typed since the last call. Never waits.
  std::string take();

 private:
  NonblockingFd fd_;
  std::optional<termios> before_;
};

/// What a person types at a terminal, line by line.
class TerminalKeys {
 public:
  /// Does nothing where `fd` is no terminal, or can't be read without making its other users not wait either.
  explicit TerminalKeys(int fd);
  /// Whether a line was ended since the last call; what it holds is dropped. Never waits, and never stops us: a
  /// background job that reads a terminal would be (SIGTTIN).
  bool take_line();

 private:
  NonblockingFd fd_;
};

}  // namespace stapsh::sys
