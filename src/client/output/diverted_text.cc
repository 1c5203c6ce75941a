// SPDX-License-Identifier: Apache-2.0
#include "client/output/diverted_text.h"

namespace stapsh::client {

void DivertedText::append(OutputBuffer& out, std::string_view bytes) {
  if (several_) return append_labelled(out, bytes);
  spells_ ? only_.append(out, bytes) : out.append(bytes);
}

void DivertedText::append_labelled(OutputBuffer& out, std::string_view bytes) {
  while (!bytes.empty()) {
    if (!in_line_) {
      out.begin_line();
      out.append(kLabel);
    } else if (out.at_line_start()) {  // Others have ended the line: it goes on in one of its own.
      out.append(kLabel);
      text_.finish(out);
    }
    const std::size_t newline = bytes.find('\n');
    const std::size_t size = newline == std::string_view::npos ? bytes.size() : newline + 1;
    const std::string_view line = bytes.substr(0, size);
    spells_ ? text_.append(out, line) : out.append(line);
    in_line_ = newline == std::string_view::npos;
    bytes.remove_prefix(size);
  }
}

void DivertedText::finish(OutputBuffer& out) {
  if (several_) {
    text_.finish(out);
  } else if (spells_) {
    only_.finish(out);
  }
}

}  // namespace stapsh::client
