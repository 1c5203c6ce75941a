// SPDX-License-Identifier: Apache-2.0
// The terminal while somebody is asked something: lines, with or without what is typed being shown. Who put it so puts
// it back, as long as nobody else has changed it since: a shell that took its terminal back knows what it wants.
#pragma once

#include <termios.h>

#include <optional>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// /dev/tty: the terminal that a person started us at, whatever our standard streams are. Blocking.
Result<UniqueFd> open_own_terminal();

/// Its mode; none: it has gone.
std::optional<termios> terminal_mode(int fd);

/// What `mode` becomes for a question.
termios question_mode(termios mode, bool shown);

/// To `mode`. Of a background job: the whole job is stopped until it is in the foreground, as any that asks something.
/// What was typed before is dropped, as getpass(3) does.
Result<> begin_question_mode(int fd, const termios& mode);

/// From `asking` back to `before`, at once and from the background, too. Nothing where the mode is another by now.
void end_question_mode(int fd, const termios& asking, const termios& before);

}  // namespace stapsh::sys
