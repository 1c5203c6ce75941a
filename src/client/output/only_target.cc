// SPDX-License-Identifier: Apache-2.0
#include "client/output/only_target.h"

#include <algorithm>
#include <utility>

namespace stapsh::client {

void OnlyTarget::append(OutputBuffer& out, std::string_view bytes) {
  while (!bytes.empty()) {
    if (beginning_.empty() && !out.at_line_start()) {
      const std::size_t newline = bytes.find('\n');
      const std::size_t size = newline == std::string_view::npos ? bytes.size() : newline + 1;
      text_.append(out, bytes.substr(0, size));
      bytes.remove_prefix(size);
      continue;
    }
    // Byte by byte: it is seldom more than one.
    beginning_ += bytes.front();
    bytes.remove_prefix(1);
    const std::optional<bool> looks_own = looks_like(beginning_, kOwnBeginning);
    if (!looks_own) continue;
    if (*looks_own) out.append(label_);
    append_beginning(out);
  }
}

void OnlyTarget::append_beginning(OutputBuffer& out) { text_.append(out, std::exchange(beginning_, {})); }

void OnlyTarget::finish(OutputBuffer& out) {
  // The other stream may have gone on behind it: together they would look like a line of rstap's.
  if (!beginning_.empty()) out.begin_line();
  append_beginning(out);
  text_.finish(out);
}

}  // namespace stapsh::client
