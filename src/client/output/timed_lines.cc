// SPDX-License-Identifier: Apache-2.0
// Speed: one text for the time of each output, one memchr and one copy for each line.
#include "client/output/timed_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/parse_seconds.h"
#include "client/events/fold_names.h"

namespace stapsh::client {
namespace {

// The whole lines of `text`, `prefix` before each.
void append_prefixed(OutputBuffer& out, std::string_view prefix, std::string_view text) {
  constexpr std::size_t kBatchLines = 256;
  while (!text.empty()) {
    char* const begin = out.reserve(text.size() + kBatchLines * prefix.size());
    char* to = begin;
    for (std::size_t lines = 0; lines < kBatchLines && !text.empty(); ++lines) {
      const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
      std::memcpy(to, prefix.data(), prefix.size());
      std::memcpy(to + prefix.size(), text.data(), length);
      to += prefix.size() + length;
      text.remove_prefix(length);
    }
    out.commit(static_cast<std::size_t>(to - begin));
  }
}

}  // namespace

TimedLines::TimedLines(const OutputOptions& options, std::vector<std::string> target_names, OutputBuffers& out)
    : window_(options.by_time),
      names_(std::move(target_names)),
      out_(out),
      timestamp_(options.timestamps),
      stamps_(options.timestamps != Timestamps::kNone),
      clocks_(names_.size()),
      sources_(names_.size() * 2) {
  if (!window_) return;
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) order(stream).emplace(*window_, out_.of(stream));
}

void TimedLines::note(const Event& event) {
  // A clock that was set back by more than lines wait would hold them until it comes here again.
  if (window_ && event.at + *window_ < now_) {
    for (std::optional<ByTime>& each : orders_) each->start_anew();
    for (Source& each : sources_) each.newest = {};
    now_ = {};
  }
  now_ = std::max(now_, event.at);
  release(now_);
  if (const auto* connected = std::get_if<event::Connected>(&event.what)) {
    clocks_.note_connected(*event.target, *connected);
  }
  if (begun_) return;
  const auto* state = std::get_if<event::StateChanged>(&event.what);
  begun_ = std::holds_alternative<event::Output>(event.what) || (state && state->state == TargetState::kRunning);
  if (begun_) timestamp_.set_begin(event.at);
}

void TimedLines::on_output(const Event& event, Merger& merger) {
  const auto& output = std::get<event::Output>(event.what);
  const std::size_t target = *event.target;
  Source& from = source(target, output.stream);
  const LineTime time = clocks_.time_of(target, output, event.at);
  std::string_view bytes = output.bytes;
  if (merger.holds_line(target, output.stream)) {  // It began before: so much of it as is here is of that time.
    const std::string_view rest_of_line = bytes.substr(0, std::min(bytes.find('\n'), bytes.size() - 1) + 1);
    merger.on_output(target, output.stream, rest_of_line);
    place(target, output.stream, from.unfinished);
    bytes.remove_prefix(rest_of_line.size());
  }
  if (bytes.empty()) return;
  from.unfinished = time;
  merger.on_output(target, output.stream, bytes);
  place(target, output.stream, time);
}

void TimedLines::on_target_end(const Event& event, Merger& merger) {
  merger.on_target_end(*event.target);
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    place(*event.target, stream, source(*event.target, stream).unfinished);
  }
}

// The lines that the merger has made.
void TimedLines::place(std::size_t target, Stream stream, const LineTime& time) {
  OutputBuffer& merged = staging_.of(stream);
  if (merged.empty()) return;
  OutputBuffer& stamped = window_ ? stamped_ : out_.of(stream);
  if (stamps_) append_prefixed(stamped, timestamp_.text(time), merged.view());
  if (window_) {
    WallTime& newest = source(target, stream).newest;
    newest = std::max(newest, time.ordered);
    order(stream)->add(newest, now_, stamps_ ? stamped.view() : merged.view());
    stamped.consume(stamped.size());
  }
  merged.consume(merged.size());
}

void TimedLines::finish() {
  for (std::optional<ByTime>& each : orders_) {
    if (each) each->start_anew();
  }
}

void TimedLines::release(WallTime now) {
  for (std::optional<ByTime>& each : orders_) {
    if (each) each->release(now);
  }
}

std::optional<WallTime> TimedLines::next_release() const {
  std::optional<WallTime> next;
  for (const std::optional<ByTime>& each : orders_) {
    const std::optional<WallTime> its = each ? each->next_release() : std::nullopt;
    if (its && (!next || *its < *next)) next = its;
  }
  return next;
}

std::vector<std::string> TimedLines::remarks() const {
  std::vector<std::string> lines;
  std::vector<std::string> names;
  for (const std::size_t target : clocks_.without_clock()) names.push_back(names_.at(target));
  if (!names.empty()) {
    lines.push_back("times of " + fold_names(names) +
                    " are of when output came here, by this machine's clock: no agent of ours told them");
  }
  std::uint64_t late = 0;
  for (const std::optional<ByTime>& each : orders_) late += each ? each->late_lines() : 0;
  if (late > 0) {
    lines.push_back(
        fmt::format("{} line{} came later than newer ones had waited for ({} s), and stand{} behind them; "
                    "--by-time=SECONDS waits longer",
                    late, late == 1 ? "" : "s", format_seconds(*window_), late == 1 ? "s" : ""));
  }
  return lines;
}

bool TimedLines::is_far_off(const event::Connected& connected) const {
  if (!window_ || !connected.clock_offset) return false;
  const WallTime offset = *connected.clock_offset;
  return offset > *window_ || offset < -*window_ || connected.clock_uncertainty.value_or(WallTime{}) > *window_;
}

}  // namespace stapsh::client
