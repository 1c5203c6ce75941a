// SPDX-License-Identifier: Apache-2.0
// What the only target says, without labels, on a terminal: at once, and not line by line. Nothing of it looks like a
// line of rstap: one that begins so gets a label. Pure.
#pragma once

#include <string>
#include <string_view>

#include "client/output/output_buffer.h"
#include "client/output/terminal_text.h"

namespace stapsh::client {

/// What lines of rstap's own begin with.
inline constexpr std::string_view kOwnBeginning = "rstap:";

class OnlyTarget {
 public:
  void set_label(std::string label) { label_ = std::move(label); }

  /// What may begin a line of rstap's waits for what follows.
  void append(OutputBuffer& out, std::string_view bytes);
  void finish(OutputBuffer& out);
  /// Somebody else's line follows.
  void pause(OutputBuffer& out) { text_.end_colour(out); }

 private:
  void append_beginning(OutputBuffer& out);

  std::string label_;
  std::string beginning_;  // Of a line that may look like rstap's.
  TerminalText text_;
};

}  // namespace stapsh::client
