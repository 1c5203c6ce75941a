// SPDX-License-Identifier: Apache-2.0
// What a signal that ends us leaves of a terminal that a view has: its own screen, and its own mode. Signals of a bug
// (SIGSEGV, SIGABRT of an assertion) are among them, and those that nobody sends on purpose (SIGALRM, SIGUSR2). Who
// handles a signal, or ignores it, still does. One for the process, as its signals are.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace stapsh::sys::terminal_rescue {

inline constexpr std::size_t kLeaveBytesMax = 64;

/// From now on such an end writes `leave` to the terminal `fd` first, if we are in the foreground there.
void keep_screen(int fd, std::string_view leave);
void forget_screen();

/// From now on such an end gives the terminal `fd` this mode back, likewise.
void keep_mode(int fd, const termios& mode);
void forget_mode();
/// What that is; none: the terminal is as it was when we were started.
std::optional<termios> kept_mode();

}  // namespace stapsh::sys::terminal_rescue
