// SPDX-License-Identifier: Apache-2.0
#include "client/output/gather_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "client/async/caught_signals.h"
#include "client/output/only_target.h"
#include "client/output/shown_names.h"
#include "sys/io.h"
#include "sys/temporary_file.h"

namespace stapsh::client {
namespace {

constexpr Duration kFileWriteLimit = std::chrono::seconds(60);
constexpr std::size_t kLineBytesMax = std::size_t{64} << 10;
constexpr std::size_t kLinesBytesMax = std::size_t{16} << 20;  // Well below what is held, whatever the targets.
constexpr std::size_t kHeldBytesMax = std::size_t{64} << 20;

}  // namespace

void GatherSink::on_event(const Event& event) {
  if (std::holds_alternative<event::RunEnded>(event.what)) {
    last_event_ = event;
    return;
  }
  if (phase_ == Phase::kShowing) return hold(event);
  const auto* output = std::get_if<event::Output>(&event.what);
  if (output != nullptr && phase_ == Phase::kGathering) {
    return on_output(event, *output);
  }
  if (const auto* started = std::get_if<event::RunStarted>(&event.what)) {
    names_ = shown_names(*started);
    targets_.resize(names_.size());
    texts_.emplace(names_.size() * 2);
  }
  if (const auto* ended = std::get_if<event::Ended>(&event.what)) {
    targets_[*event.target].code = order_code(ended->outcome);
  }
  others_->on_event(event);
}

void GatherSink::on_output(const Event& event, const event::Output& output) {
  const std::string_view bytes = output.bytes;
  if (bytes.empty()) return;
  texts_->append(text_of(*event.target, output.stream), bytes);
  const std::size_t newline = bytes.rfind('\n');
  std::uint64_t& unfinished = this->unfinished(*event.target, output.stream);
  unfinished = newline == std::string_view::npos ? unfinished + bytes.size() : bytes.size() - newline - 1;
  if (texts_->full()) show_early(event.at);
}

// As on a line of its own: whether the last one was finished does not make two texts different.
void GatherSink::end_lines() {
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
      if (unfinished(target, stream) > 0) texts_->append(text_of(target, stream), "\n");
      unfinished(target, stream) = 0;
    }
  }
}

// A line that was begun is shown whole, with what comes; but one that hardly is a line ends here, and where they are
// too many to be held, the others do.
void GatherSink::hold_unfinished(WallTime now) {
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
      const std::size_t text = text_of(target, stream);
      std::uint64_t& bytes = unfinished(target, stream);
      if (bytes > kLineBytesMax || held_bytes_ + bytes > kLinesBytesMax) {
        texts_->append(text, "\n");
        bytes = 0;
      } else if (bytes > 0) {
        const std::string line = end_of(texts_->place(text), bytes);
        hold({now, target, event::Output{stream, line, std::nullopt}});
      }
    }
  }
}

std::string GatherSink::end_of(const SharedTexts::Place& place, std::uint64_t bytes) const {
  std::uint64_t skipped = place.size - bytes;
  std::string end;
  for (const std::string_view piece : said_by(place)) {
    const auto before = static_cast<std::size_t>(std::min<std::uint64_t>(skipped, piece.size()));
    end += piece.substr(before);
    skipped -= before;
  }
  return end;
}

// Without the line that hold_unfinished() holds.
SharedTexts::Place GatherSink::shown_text_of(std::size_t target, Stream stream) const {
  return texts_->place_before(text_of(target, stream), targets_[target].unfinished[static_cast<std::size_t>(stream)]);
}

// To go on gathering would take memory without a bound, and not to would lose what is said. No target is read until
// what is there has been shown.
void GatherSink::show_early(WallTime now) {
  phase_ = Phase::kShowing;
  hold_unfinished(now);
  streams_.say(std::string(differences_ ? "--diff: " : "--gather: ") + texts_->full()->what +
               ": what was said until now follows at once, and what comes as it comes");
  asio::co_spawn(io_, show_gathered(), [this](const std::exception_ptr& bug) {
    if (bug) faults_.contain("--gather", [&] { std::rethrow_exception(bug); });
    texts_.reset();
    phase_ = Phase::kPassing;
    pass_held();
    streams_.on_pause();  // Which tells that there is room.
    shown_.announce();
  });
}

// The lines with labels that follow are not of the last group: else it could hold some that look like them.
Awaitable<> GatherSink::show_gathered() {
  const std::string rule = find_rule();
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    co_await show(stream, rule);
    if (groups(stream, false).empty() || !streams_.is_read(stream)) continue;
    OutputBuffer& out = streams_.buffers().of(stream);
    out.begin_line();
    out.append(rule + "\n");
  }
}

// What was read already, and what a run says that is being stopped and waits for nobody: as TextSink, we keep so much.
void GatherSink::hold(const Event& event) {
  Held held{event, {}};
  if (auto* output = std::get_if<event::Output>(&held.event.what)) {
    if (held_bytes_ > kHeldBytesMax) return streams_.drop(output->bytes.size());
    held.bytes = output->bytes;
    held_bytes_ += held.bytes.size();
  }
  held_.push_back(std::move(held));
}

void GatherSink::pass_held() {
  for (; !held_.empty(); held_.pop_front()) {
    Held& held = held_.front();
    if (auto* output = std::get_if<event::Output>(&held.event.what)) output->bytes = held.bytes;
    on_event(held.event);
  }
}

Awaitable<> GatherSink::finish() {
  {
    // The run is over, and a reader (less) may take hours for its result.
    const CaughtSignals signals(io_, [this](int signo) { streams_.limit_waiting(signo); });
    while (phase_ == Phase::kShowing) co_await shown_.wait();
    try {
      if (phase_ == Phase::kGathering && texts_) co_await show_rest();
    } catch (...) {
      faults_.note_current("--gather");
    }
  }
  faults_.contain("the output", [this] {
    if (last_event_) others_->on_event(*last_event_);
  });
}

Awaitable<> GatherSink::show_rest() {
  end_lines();
  const std::string rule = find_rule();
  if (differences_) {
    co_await show_differences(rule);
  } else {
    co_await show(Stream::kStdout, rule);
  }
  co_await show(Stream::kStderr, rule);
}

// Who said nothing is of interest only beside others, and only if its runner ran.
std::vector<GatheredGroup> GatherSink::groups(Stream stream, bool with_silent) const {
  GroupCollector collector;
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    const SharedTexts::Place place = shown_text_of(target, stream);
    const bool silent_shown = with_silent && targets_[target].code != kBehindAllCodes;
    if (place.size > 0 || silent_shown) collector.add(target, place, targets_[target].code);
  }
  return collector.groups();
}

// One for both streams: on a terminal, and in a file that has both, a text of one would else be free to look like a
// header of the other.
std::string GatherSink::find_rule() const {
  RuleFinder finder(differences_ ? 1 : 0);
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    for (const GatheredGroup& group : groups(stream, false)) {
      for (const std::string_view piece : said_by(group.text)) finder.add(piece);
    }
  }
  return finder.rule();
}

Awaitable<> GatherSink::show(Stream stream, std::string_view rule) {
  for (const GatheredGroup& group : groups(stream, false)) co_await show_group(stream, rule, group);
  // All of it, before the next stream begins: on a terminal both are one.
  co_await streams_.wait_written();
}

Awaitable<> GatherSink::show_group(Stream stream, std::string_view rule, const GatheredGroup& group) {
  const std::string title = group_title(group, names_);
  const bool bare = bare_alone_ && names_.size() == 1;
  if (!bare && streams_.is_read(stream)) streams_.buffers().of(stream).append(group_header(rule, title));
  const std::vector<std::string_view> text = said_by(group.text);
  co_await show_text(stream, text, title);
}

std::vector<std::string_view> GatherSink::said_by(const SharedTexts::Place& place) const {
  std::vector<std::string_view> text;
  for (const ByteStore::Piece& piece : texts_->pieces(place)) text.push_back(texts_->view(piece));
  return text;
}

// As clush --diff: from the first group that said something. A rule is above each of diff's headers.
Awaitable<> GatherSink::show_differences(std::string_view rule) {
  const std::vector<GatheredGroup> groups = this->groups(Stream::kStdout, true);
  const auto first = std::ranges::find_if(groups, [](const GatheredGroup& group) { return group.text.size > 0; });
  if (first == groups.end()) co_return;
  if (differences_->first_too) co_await show_group(Stream::kStdout, rule, *first);
  const Result<Differ::Text> from = as_file(*first);
  const GiveUp is_stopped = [this] { return streams_.gave_up(); };
  std::size_t left_out = 0;
  for (const GatheredGroup& group : groups) {
    if (&group == &*first || !streams_.is_read(Stream::kStdout)) continue;
    if (is_stopped()) {
      ++left_out;
      continue;
    }
    const Result<Differ::Text> to = from ? as_file(group) : fail(from.error());
    Result<std::string> differences = to ? std::string() : Result<std::string>(fail(to.error()));
    if (to) differences = co_await differences_->differ.compare(io_, *from, *to, is_stopped);
    if (differences) {
      // A line "-- web01" that is gone looks like diff's own.
      streams_.buffers().of(Stream::kStdout).append(std::string(rule) + "\n");
      const std::vector<std::string_view> text{*differences};
      const std::string title = group_title(group, names_);
      co_await show_text(Stream::kStdout, text, title);
      continue;
    }
    if (is_stopped()) {
      ++left_out;
      continue;
    }
    streams_.say("--diff: " + group_title(group, names_) + ": " + differences.error().what + "; shown whole");
    co_await show_group(Stream::kStdout, rule, group);
  }
  if (left_out > 0) streams_.say(fmt::format("--diff: stopped; {} groups are not compared", left_out));
  co_await streams_.wait_written();
}

Result<Differ::Text> GatherSink::as_file(const GatheredGroup& group) const {
  Differ::Text text;
  text.title = group_title(group, names_);
  text.file = TRY(sys::make_temporary_file());
  for (const std::string_view piece : said_by(group.text)) {
    TRY(sys::write_all(text.file.get(), piece, kFileWriteLimit));
  }
  return text;
}

// On a terminal, a line that looks like one of rstap's gets the group's title for a label.
Awaitable<> GatherSink::show_text(Stream stream, const std::vector<std::string_view>& text, const std::string& title) {
  OutputBuffer& out = streams_.buffers().of(stream);
  OnlyTarget shown;
  shown.set_label(title + ": ");
  const bool spelled = look_.spelled[static_cast<std::size_t>(stream)];
  for (const std::string_view piece : text) {
    if (!streams_.is_read(stream)) {
      if (streams_.gave_up()) streams_.drop(piece.size());  // Else a reader has gone, and wants no more.
      continue;
    }
    spelled ? shown.append(out, piece) : out.append(piece);
    co_await wait_room(stream);
  }
  if (spelled) shown.finish(out);
}

Awaitable<> GatherSink::wait_room(Stream stream) {
  if (!streams_.is_read(stream) || !streams_.full()) co_return;
  streams_.on_pause();
  co_await streams_.wait_room();
}

}  // namespace stapsh::client
