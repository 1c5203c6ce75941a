// SPDX-License-Identifier: Apache-2.0
// What the asker and a question's process say to each other: packets, of which the first byte tells what it is. The
// process begins, with the question (question.h).
#pragma once

namespace stapsh::client {

/// In the environment of ssh: whom its question is to be taken to, and for which target it is.
inline constexpr const char* kAskerVariable = "RSTAP_ASKPASS_SOCKET";
inline constexpr const char* kTargetVariable = "RSTAP_ASKPASS_TARGET";

inline constexpr char kYourTurn = 'T';  ///< To the process: a termios follows, what the terminal is given if we die.
inline constexpr char kAnswer = 'A';    ///< Either way: the answer follows.
inline constexpr char kNoAnswer = 'N';  ///< From the process. As after an answer, the terminal is as it was before.

}  // namespace stapsh::client
