// SPDX-License-Identifier: Apache-2.0
// Speed: one memchr and one bulk copy per line, into memory that is reserved once for many lines.
#include "client/output/merge.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/utf8.h"
#include "client/output/label_colour.h"
#include "client/output/terminal_text.h"

namespace stapsh::client {
namespace {

// Where a line that is too long is broken: not within a character.
std::size_t broken_line_bytes(std::string_view line, std::size_t bytes_max) {
  const std::size_t bytes = whole_characters(line, bytes_max).size();
  return bytes > 0 ? bytes : bytes_max;
}

}  // namespace

Merger::Merger(MergeOptions options, OutputBuffers& buffers)
    : pass_through_(options.labels == LabelMode::kNone && options.target_names.size() == 1 && !options.whole_lines),
      on_terminal_(options.on_terminal),
      held_line_bytes_max_(options.held_line_bytes_max),
      target_names_(std::move(options.target_names)),
      buffers_(buffers) {
  STAPSH_ASSERT(held_line_bytes_max_ > 0);
  const bool several = target_names_.size() > 1;
  sources_.resize(target_names_.size() * 2);
  for (std::size_t target = 0; target < target_names_.size(); ++target) {
    const std::string& name = target_names_[target];
    const std::string label = options.labels == LabelMode::kIndex ? std::to_string(target) + ":" : name + ":";
    for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
      Source& from = source(target, stream);
      from.label = options.coloured[static_cast<std::size_t>(stream)] ? in_colour_of(name, label) : label;
      from.label += ' ';
      // rstap's own lines are on standard error as well: there nobody speaks without a name, where there are several.
      from.labelled = options.labels == LabelMode::kName ||
                      (stream == Stream::kStdout ? options.labels == LabelMode::kIndex : several);
      if (pass_through_) only(stream).set_label(from.label);
      if (on_terminal(stream) && !from.labelled) {
        names_.insert(seen_text(name));
        name_bytes_max_ = std::max(name_bytes_max_, name.size());
      }
    }
  }
}

Merger::Source& Merger::source(std::size_t target, Stream stream) {
  const std::size_t at = target * 2 + static_cast<std::size_t>(stream);
  STAPSH_ASSERT(at < sources_.size());
  return sources_[at];
}

void Merger::on_output(std::size_t target, Stream stream, std::string_view bytes) {
  OutputBuffer& out = buffers_.of(stream);
  if (pass_through_) {
    return on_terminal(stream) ? only(stream).append(out, bytes) : out.append(bytes);
  }
  Source& from = source(target, stream);
  while (!from.held.empty() && !bytes.empty()) bytes = finish_held_line(stream, from, bytes);
  if (on_terminal(stream) && !(from.labelled && is_plain(bytes))) {
    bytes = emit_terminal_lines(out, from, bytes);
  } else {
    bytes = emit_whole_lines(out, from.labelled ? std::string_view(from.label) : std::string_view(), bytes);
  }
  from.held.append(bytes);
}

void Merger::on_target_end(std::size_t target) {
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    OutputBuffer& out = buffers_.of(stream);
    if (pass_through_) only(stream).finish(out);
    Source& from = source(target, stream);
    if (!from.held.empty()) emit_line(stream, from, from.held);
    from.held = std::string();
  }
}

// `rest`, which may be most of a long line, is copied once.
void Merger::emit_line(Stream stream, const Source& from, std::string_view line, std::string_view rest) {
  OutputBuffer& out = buffers_.of(stream);
  if (on_terminal(stream)) return emit_terminal_line(out, from, std::string(line).append(rest));
  (void)out.reserve(from.label.size() + line.size() + rest.size() + 1);
  if (from.labelled) out.append(from.label);
  out.append(line);
  out.append(rest);
  out.append("\n");
}

void Merger::emit_terminal_line(OutputBuffer& out, const Source& from, std::string_view line) const {
  if (from.labelled || looks_foreign(line)) out.append(from.label);
  append_terminal_line(out, line);
}

// As a line of rstap's own begins, or one that is labelled with the name of a target.
bool Merger::looks_foreign(std::string_view line) const {
  const std::string seen = seen_text(line, std::max(name_bytes_max_, kOwnBeginning.size()) + 2);
  if (seen.starts_with(kOwnBeginning)) return true;
  for (std::size_t at = seen.find(':'); at != std::string::npos; at = seen.find(':', at + 1)) {
    if (names_.contains(seen.substr(0, at))) return true;
  }
  return false;
}

std::string_view Merger::emit_terminal_lines(OutputBuffer& out, const Source& from, std::string_view bytes) const {
  while (true) {
    const std::size_t newline = bytes.substr(0, held_line_bytes_max_ + 1).find('\n');
    if (newline == std::string_view::npos && bytes.size() <= held_line_bytes_max_) return bytes;
    const bool broken = newline == std::string_view::npos;
    const std::size_t length = broken ? broken_line_bytes(bytes, held_line_bytes_max_) : newline;
    emit_terminal_line(out, from, bytes.substr(0, length));
    bytes.remove_prefix(broken ? length : length + 1);
  }
}

std::string_view Merger::finish_held_line(Stream stream, Source& from, std::string_view bytes) {
  // A line of exactly the bound may still be whole: only the byte after it tells. So up to the bound is held.
  const std::size_t room = held_line_bytes_max_ - from.held.size();
  const std::size_t newline = bytes.substr(0, room + 1).find('\n');
  if (newline != std::string_view::npos) {
    emit_line(stream, from, from.held, bytes.substr(0, newline));
    from.held.clear();
    return bytes.substr(newline + 1);
  }
  const std::size_t taken = std::min(bytes.size(), room + 1);
  from.held.append(bytes.substr(0, taken));
  if (from.held.size() > held_line_bytes_max_) {
    const std::size_t length = broken_line_bytes(from.held, held_line_bytes_max_);
    emit_line(stream, from, std::string_view(from.held).substr(0, length));
    from.held.erase(0, length);
  }
  return bytes.substr(taken);
}

std::string_view Merger::emit_whole_lines(OutputBuffer& out, std::string_view label, std::string_view bytes) {
  // Room for one batch of lines is reserved at once; it is enough for as many lines as `lines_left` says.
  constexpr std::size_t kBatchLines = 256;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  if (at == end) return {};
  if (label.empty()) label = "";  // memcpy(3) takes no null pointer, of nothing either.
  while (true) {
    char* const begin = out.reserve(static_cast<std::size_t>(end - at) + kBatchLines * (label.size() + 1));
    char* to = begin;
    std::size_t lines_left = kBatchLines;
    for (; lines_left > 0; --lines_left) {
      const auto left = static_cast<std::size_t>(end - at);
      const auto* newline = static_cast<const char*>(std::memchr(at, '\n', std::min(left, held_line_bytes_max_ + 1)));
      if (newline == nullptr && left <= held_line_bytes_max_) break;
      const std::size_t length = newline != nullptr ? static_cast<std::size_t>(newline - at)
                                                    : broken_line_bytes({at, left}, held_line_bytes_max_);
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
