// SPDX-License-Identifier: Apache-2.0
// A recorded session, read from the notation that README.md beside this file describes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::transcripts {

struct Event {
  enum class Who { kClient, kAgent } who;
  std::string bytes;  ///< One line with its newline, or one body.
  bool end = false;   ///< That stream was closed.
};

/// One agent's session. Its standard error is left out.
struct Connection {
  std::vector<Event> events;
  int exit_code = -1;  ///< Of the agent.
};

struct Transcript {
  std::vector<Connection> connections;
  std::vector<std::string> stap_stdout;  ///< Lines, without newlines.
};

/// Errors: what is not the notation, with its line's number.
Result<Transcript> parse_transcript(std::string_view text);

/// `size` bytes for a body that was elided: made of what would do harm if it were read as commands.
std::string filler(std::size_t size);

}  // namespace stapsh::transcripts
