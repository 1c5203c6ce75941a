// SPDX-License-Identifier: Apache-2.0
#include "client/output/only_target.h"

#include <optional>
#include <utility>

namespace stapsh::client {
namespace {

constexpr std::string_view kClearScreen = "\033[H\033[J";

bool is_seen_and_no_beginning(char byte) { return byte >= ' ' && byte < 0x7f && byte != kOwnBeginning.front(); }

}  // namespace

void OnlyTarget::append(OutputBuffer& out, std::string_view bytes) {
  if (!obeys_clears_ || screens_.is_text(bytes)) return append_text(out, bytes);
  screens_.add(bytes);
  while (const std::optional<ScreenStarts::Piece> piece = screens_.next()) {
    piece->starts ? clear(out) : append_text(out, piece->text);
  }
}

// Whatever it was said with: what is to be seen of the old screen is nothing, and the new one begins at its corner.
void OnlyTarget::clear(OutputBuffer& out) {
  append_beginning(out);
  text_.finish(out);
  out.append(kClearScreen);
  in_line_ = false;
}

void OnlyTarget::append_text(OutputBuffer& out, std::string_view bytes) {
  if (in_line_ &&
      out.at_line_start()) {  // Others have ended the line. What waits is not to be completed behind theirs.
    text_.finish(out);
    in_line_ = !out.at_line_start();
  }
  while (!bytes.empty()) {
    if (!in_line_ && beginning_.line().empty()) in_line_ = is_seen_and_no_beginning(bytes.front());
    if (!in_line_) {  // Byte by byte: it is seldom more than one.
      add_to_beginning(out, bytes.front());
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t newline = bytes.find('\n');
    const std::size_t size = newline == std::string_view::npos ? bytes.size() : newline + 1;
    text_.append(out, bytes.substr(0, size));
    in_line_ = newline == std::string_view::npos;
    bytes.remove_prefix(size);
  }
}

void OnlyTarget::add_to_beginning(OutputBuffer& out, char byte) {
  const std::optional<bool> looks_own = beginning_.add({&byte, 1});
  if (!looks_own) return;
  if (*looks_own) out.append(label_);
  in_line_ = byte != '\n';
  append_beginning(out);
}

void OnlyTarget::append_beginning(OutputBuffer& out) {
  text_.append(out, std::exchange(beginning_, LookAlike(kOwnBeginning)).line());
}

void OnlyTarget::finish(OutputBuffer& out) {
  append_text(out, screens_.finish());
  append_beginning(out);
  text_.finish(out);
}

}  // namespace stapsh::client
