// SPDX-License-Identifier: Apache-2.0
// What the only target says, without labels, on a terminal: at once, and not line by line. Nothing of it looks like a
// line of rstap: one that begins so gets a label. Pure.
#pragma once

#include <string>
#include <string_view>

#include "client/output/output_buffer.h"
#include "client/output/screen_starts.h"
#include "client/output/terminal_text.h"

namespace stapsh::client {

/// What lines of rstap's own begin with.
inline constexpr std::string_view kOwnBeginning = "rstap:";

/// One for each terminal. Where both streams go to one, both are given to it, in the order in which they come: a line
/// looks the same, whichever of them its parts are from.
class OnlyTarget {
 public:
  void set_label(std::string label) { label_ = std::move(label); }
  /// Nothing but its own is on the screen: it may clear it, as top does. Else that is spelled as other controls are.
  void obey_clears() { obeys_clears_ = true; }

  /// What may begin a line of rstap's waits for what follows. Whoever else writes to `out` begins and ends a line.
  void append(OutputBuffer& out, std::string_view bytes);
  void finish(OutputBuffer& out);

 private:
  void append_text(OutputBuffer& out, std::string_view bytes);
  void clear(OutputBuffer& out);
  void add_to_beginning(OutputBuffer& out, char byte);
  void append_beginning(OutputBuffer& out);

  std::string label_;
  bool obeys_clears_ = false;
  ScreenStarts screens_;
  bool in_line_ = false;  // Something is seen of the line.
  LookAlike beginning_{kOwnBeginning};
  TerminalText text_;
};

}  // namespace stapsh::client
