// SPDX-License-Identifier: Apache-2.0
#include "protocol/line_reader.h"

namespace stapsh {
namespace {

std::string_view without_carriage_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
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
  if (whole && buffer_.empty()) return {Status::kLine, newline + 1, without_carriage_return(piece)};
  buffer_.append(piece);
  if (!whole) return {Status::kNeedMore, bytes.size(), {}};
  line_done_ = true;
  return {Status::kLine, newline + 1, without_carriage_return(buffer_)};
}

}  // namespace stapsh
