// SPDX-License-Identifier: Apache-2.0
// What targets say on standard output, where it comes on standard error instead, among lines of rstap and of other
// targets. It was made for a place of its own: of several targets each line gets a label, so that none passes for
// something else that is said there. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "client/output/only_target.h"
#include "client/output/output_buffer.h"
#include "client/output/terminal_text.h"

namespace stapsh::client {

class DivertedText {
 public:
  DivertedText() { only_.set_label(kLabel); }

  /// A terminal is to obey nothing of it.
  void spell() { spells_ = true; }
  void set_targets(std::size_t targets) { several_ = targets > 1; }

  void append(OutputBuffer& out, std::string_view bytes);
  /// A character that is not complete does not wait for its rest any more.
  void finish(OutputBuffer& out);

 private:
  static constexpr const char* kLabel = "stdout: ";

  void append_labelled(OutputBuffer& out, std::string_view bytes);

  bool spells_ = false, several_ = false;
  bool in_line_ = false;  // Of several.
  TerminalText text_;     // Of several,
  OnlyTarget only_;       // or of the only one.
};

}  // namespace stapsh::client
