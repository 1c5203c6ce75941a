// SPDX-License-Identifier: Apache-2.0
#include "protocol/line_reader.h"

namespace stapsh {
namespace {

LineReader::Taken taken_line(std::size_t bytes, std::string_view line) {
  const bool carriage_return = line.ends_with('\r');
  if (carriage_return) line.remove_suffix(1);
  return {LineReader::Status::kLine, bytes, line, carriage_return};
}

}  // namespace

LineReader::Taken LineReader::take(std::string_view bytes) {
  if (line_done_) {
    buffer_.clear();
    line_done_ = false;
  }
  const std::size_t newline = bytes.find('\n');
  const bool whole = newline != std::string_view::npos;
  const std::string_view piece = whole ? bytes.substr(0, newline) : bytes;
  if (buffer_.size() + piece.size() > line_bytes_max_) return {Status::kTooLong, bytes.size(), {}};
  if (whole && buffer_.empty()) return taken_line(newline + 1, piece);
  buffer_.append(piece);
  if (!whole) return {Status::kNeedMore, bytes.size(), {}};
  line_done_ = true;
  return taken_line(newline + 1, buffer_);
}

}  // namespace stapsh
