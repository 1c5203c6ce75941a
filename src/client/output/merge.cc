// SPDX-License-Identifier: Apache-2.0
// Speed: one memchr and one bulk copy per line, into memory that is reserved once for many lines.
#include "client/output/merge.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace stapsh::client {

Merger::Merger(MergeOptions options, OutputBuffers& buffers)
    : pass_through_(options.labels == LabelMode::kNone && options.target_names.size() == 1),
      held_line_bytes_max_(options.held_line_bytes_max),
      buffers_(buffers) {
  STAPSH_ASSERT(held_line_bytes_max_ > 0);
  sources_.resize(options.target_names.size() * 2);
  for (std::size_t target = 0; target < options.target_names.size(); ++target) {
    std::string& out = source(target, Stream::kStdout).label;
    std::string& err = source(target, Stream::kStderr).label;
    if (options.labels == LabelMode::kIndex) out = std::to_string(target) + ": ";
    if (options.labels == LabelMode::kName) out = err = options.target_names[target] + ": ";
  }
}

Merger::Source& Merger::source(std::size_t target, Stream stream) {
  const std::size_t at = target * 2 + static_cast<std::size_t>(stream);
  STAPSH_ASSERT(at < sources_.size());
  return sources_[at];
}

void Merger::on_output(std::size_t target, Stream stream, std::string_view bytes) {
  OutputBuffer& out = buffers_.of(stream);
  Source& from = source(target, stream);
  if (pass_through_) return out.append(bytes);
  if (!from.held.empty()) bytes = finish_held_line(out, from, bytes);
  bytes = emit_whole_lines(out, from.label, bytes);
  from.held.append(bytes);
}

void Merger::on_target_end(std::size_t target) {
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    Source& from = source(target, stream);
    if (!from.held.empty()) emit_line(buffers_.of(stream), from.label, from.held);
    from.held = std::string();
  }
}

void Merger::emit_line(OutputBuffer& out, std::string_view label, std::string_view line) {
  out.append(label);
  out.append(line);
  out.append("\n");
}

std::string_view Merger::finish_held_line(OutputBuffer& out, Source& from, std::string_view bytes) {
  // A line of exactly the bound may still be whole: only the byte after it tells. So up to the bound is held.
  const std::size_t room = held_line_bytes_max_ - from.held.size();
  const std::size_t newline = bytes.substr(0, room + 1).find('\n');
  if (newline == std::string_view::npos && bytes.size() <= room) {
    from.held.append(bytes);
    return {};
  }
  const bool broken = newline == std::string_view::npos;
  const std::size_t length = broken ? room : newline;
  out.append(from.label);
  out.append(from.held);
  out.append(bytes.substr(0, length));
  out.append("\n");
  from.held.clear();
  return bytes.substr(broken ? length : length + 1);
}

std::string_view Merger::emit_whole_lines(OutputBuffer& out, std::string_view label, std::string_view bytes) {
  // Room for one batch of lines is reserved at once; it is enough for as many lines as `lines_left` says.
  constexpr std::size_t kBatchLines = 256;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  if (at == end) return {};
  while (true) {
    char* const begin = out.reserve(static_cast<std::size_t>(end - at) + kBatchLines * (label.size() + 1));
    char* to = begin;
    std::size_t lines_left = kBatchLines;
    for (; lines_left > 0; --lines_left) {
      const auto left = static_cast<std::size_t>(end - at);
      const auto* newline = static_cast<const char*>(std::memchr(at, '\n', std::min(left, held_line_bytes_max_ + 1)));
      if (newline == nullptr && left <= held_line_bytes_max_) break;
      const std::size_t length = newline != nullptr ? static_cast<std::size_t>(newline - at) : held_line_bytes_max_;
      std::memcpy(to, label.data(), label.size());
      to += label.size();
      std::memcpy(to, at, length);
      to += length;
      *to++ = '\n';
      at += length + (newline != nullptr ? 1 : 0);
      if (at == end) break;
    }
    out.commit(static_cast<std::size_t>(to - begin));
    if (at == end || lines_left > 0) return {at, static_cast<std::size_t>(end - at)};
  }
}

}  // namespace stapsh::client
