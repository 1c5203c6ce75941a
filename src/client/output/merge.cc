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
      obeys_clears_(options.obeys_clears),
      shows_unfinished_(options.whole_lines || pass_through_ ? std::array{false, false} : options.shows_unfinished),
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
      if (pass_through_ && obeys_clears_) only(stream).obey_clears();
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

void Merger::on_output(std::size_t target, Stream stream, std::string_view bytes, WallTime now) {
  OutputBuffer& out = buffers_.of(stream);
  if (pass_through_) {
    return on_terminal(stream) ? only(stream).append(out, bytes) : out.append(bytes);
  }
  Source& from = source(target, stream);
  if (!obeys_clears_ || from.screens.is_text(bytes)) return on_text(stream, from, bytes, now);
  from.screens.add(bytes);
  while (const std::optional<ScreenStarts::Piece> piece = from.screens.next()) {
    piece->starts ? begin_screen(stream, from) : on_text(stream, from, piece->text, now);
  }
}

void Merger::on_text(Stream stream, Source& from, std::string_view bytes, WallTime now) {
  OutputBuffer& out = buffers_.of(stream);
  while ((!from.held.empty() || from.begun) && !bytes.empty()) bytes = finish_held_line(stream, from, bytes);
  if (on_terminal(stream) && !(from.labelled && is_plain(bytes))) {
    bytes = emit_terminal_lines(out, from, bytes);
  } else {
    bytes = emit_whole_lines(out, from.labelled ? std::string_view(from.label) : std::string_view(), bytes);
  }
  from.held.append(bytes);
  if (shows_unfinished_[static_cast<std::size_t>(stream)] && !from.held.empty()) await_end(from, now);
}

void Merger::on_target_end(std::size_t target) {
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    if (pass_through_) only(stream).finish(buffers_.of(stream));
    Source& from = source(target, stream);
    const std::string rest = from.screens.finish();
    if (!rest.empty()) on_text(stream, from, rest, {});
    end_line(stream, from);
    from.held.shrink_to_fit();
  }
}

void Merger::end_line(Stream stream, Source& from) {
  if (!from.held.empty() || is_open(from)) emit_line(stream, from, from.held);
  from.begun = false;
  from.forget_held();
}

// It has a label in any case: so no line of another target's looks like it.
void Merger::begin_screen(Stream stream, Source& from) {
  end_line(stream, from);
  OutputBuffer& out = buffers_.of(stream);
  out.begin_line();
  out.append(from.label);
  out.append("---------------\n");
}

// Whether what it says next stands behind what is shown of its line.
bool Merger::is_open(const Source& from) {
  const Stream stream = stream_of(from);
  return from.begun && shown_last(stream) == &from && !buffers_.of(stream).at_line_start();
}

// Its first part has a label wherever others speak, or could be meant: what follows is not known yet.
void Merger::append_part(Source& from, std::string_view bytes) {
  const Stream stream = stream_of(from);
  OutputBuffer& out = buffers_.of(stream);
  if (!is_open(from)) {
    out.begin_line();
    if (from.labelled || on_terminal(stream) || target_names_.size() > 1) out.append(from.label);
    from.begun = true;
    shown_last(stream) = &from;
  }
  on_terminal(stream) ? from.text.append(out, bytes) : out.append(bytes);
}

// One wake for each source, however many lines begin and end before it.
void Merger::await_end(Source& from, WallTime now) {
  const WallTime due = now + (target_names_.size() > 1 ? kPause : kOnlyPause);
  if (from.due && *from.due <= due) return;
  from.due = due;
  if (from.wakes && *from.wakes <= due) return;
  const auto at = static_cast<std::size_t>(&from - sources_.data());
  if (from.wakes) wakes_.erase({*from.wakes, at});  // The clock was set back.
  from.wakes = due;
  wakes_.emplace(due, at);
}

void Merger::release(WallTime now) {
  // Nobody waits for longer than a pause but where the clock was set back.
  const auto is_over = [now](WallTime due) { return due <= now || due > now + kPause; };
  while (!wakes_.empty() && is_over(wakes_.begin()->first)) {
    Source& from = sources_[wakes_.begin()->second];
    wakes_.erase(wakes_.begin());
    from.wakes.reset();
    if (!from.due) continue;
    if (!is_over(*from.due)) {  // Of a later line.
      from.wakes = from.due;
      wakes_.emplace(*from.due, static_cast<std::size_t>(&from - sources_.data()));
      continue;
    }
    append_part(from, from.held);
    from.forget_held();
  }
}

std::optional<WallTime> Merger::next_release() const {
  if (wakes_.empty()) return std::nullopt;
  return wakes_.begin()->first;
}

// `rest`, which may be most of a long line, is copied once.
void Merger::emit_line(Stream stream, Source& from, std::string_view line, std::string_view rest) {
  OutputBuffer& out = buffers_.of(stream);
  if (from.begun) {
    if (!is_open(from) && line.empty() && rest.empty()) {  // Others have ended it already.
      from.begun = false;
      return;
    }
    append_part(from, line);
    append_part(from, rest);
    append_part(from, "\n");
    if (on_terminal(stream)) from.text.finish(out);
    from.begun = false;
    return;
  }
  out.begin_line();
  if (on_terminal(stream)) return emit_terminal_line(out, from, std::string(line).append(rest));
  (void)out.reserve(from.label.size() + line.size() + rest.size() + 1);
  if (from.labelled) out.append(from.label);
  out.append(line);
  out.append(rest);
  out.append("\n");
}

void Merger::emit_terminal_line(OutputBuffer& out, const Source& from, std::string_view line) const {
  out.begin_line();
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
  const bool open = is_open(from);
  const std::size_t newline = bytes.substr(0, open ? bytes.size() : room + 1).find('\n');
  if (newline != std::string_view::npos) {
    emit_line(stream, from, from.held, bytes.substr(0, newline));
    from.forget_held();
    return bytes.substr(newline + 1);
  }
  if (open) {  // Nobody waits for the end of it.
    append_part(from, bytes);
    return {};
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
  if (!out.at_line_start() && (bytes.size() > held_line_bytes_max_ || bytes.find('\n') != std::string_view::npos)) {
    out.begin_line();
  }
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
