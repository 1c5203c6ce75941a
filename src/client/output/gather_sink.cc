// SPDX-License-Identifier: Apache-2.0
#include "client/output/gather_sink.h"

#include <signal.h>

#include <algorithm>
#include <chrono>

#include "client/output/only_target.h"
#include "client/output/shown_names.h"
#include "sys/io.h"
#include "sys/temporary_file.h"

namespace stapsh::client {
namespace {

constexpr Duration kFileWriteLimit = std::chrono::seconds(60);

/// A run leaves its signals blocked, for its result stands. But a reader (less) may take hours for what is shown now,
/// and nothing else is going on: a signal ends us, as it ends cat. One of before is of before.
class Interruptible {
 public:
  Interruptible() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signo : {SIGHUP, SIGINT, SIGTERM}) {
      ::sigaddset(&signals, signo);
      struct sigaction now {};
      (void)::sigaction(signo, nullptr, &now);
      if (now.sa_handler != SIG_IGN) (void)::signal(signo, SIG_DFL);  // The run's handlers may still be there.
    }
    constexpr timespec kAtOnce{};
    while (::sigtimedwait(&signals, nullptr, &kAtOnce) > 0) continue;
    (void)::sigprocmask(SIG_UNBLOCK, &signals, &before_);
  }
  ~Interruptible() { (void)::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

void GatherSink::on_event(const Event& event) {
  if (const auto* output = std::get_if<event::Output>(&event.what)) {
    return on_output(*event.target, output->stream, output->bytes);
  }
  if (const auto* started = std::get_if<event::RunStarted>(&event.what)) {
    names_ = shown_names(*started);
    targets_.resize(names_.size());
    texts_.emplace(names_.size() * 2);
  }
  if (const auto* ended = std::get_if<event::Ended>(&event.what)) {
    targets_[*event.target].code = order_code(ended->outcome);
  }
  if (std::holds_alternative<event::RunEnded>(event.what)) {
    last_event_ = event;
  } else {
    others_->on_event(event);
  }
}

void GatherSink::on_output(std::size_t target, Stream stream, std::string_view bytes) {
  if (bytes.empty()) return;
  texts_->append(text_of(target, stream), bytes);
  targets_[target].last[static_cast<std::size_t>(stream)] = bytes.back();
  say_if_disk_is_full();
}

// As on a line of its own: whether the last one was finished does not make two texts different.
void GatherSink::end_line(std::size_t target, Stream stream) {
  if (targets_[target].last[static_cast<std::size_t>(stream)] != '\n') on_output(target, stream, "\n");
}

void GatherSink::say_if_disk_is_full() {
  if (const std::optional<Error> error = texts_->take_error()) {
    streams_.say("--gather: " + error->what + "; what comes is kept in memory");
  }
}

Awaitable<> GatherSink::finish() {
  if (texts_) {
    const Interruptible interruptible;
    for (std::size_t target = 0; target < targets_.size(); ++target) {
      end_line(target, Stream::kStdout);
      end_line(target, Stream::kStderr);
    }
    const std::string rule = find_rule();
    if (differences_) {
      co_await show_differences(rule);
    } else {
      co_await show(Stream::kStdout, rule);
    }
    co_await show(Stream::kStderr, rule);
  }
  if (last_event_) others_->on_event(*last_event_);
}

// Who said nothing is of interest only beside others, and only if its runner ran.
std::vector<GatheredGroup> GatherSink::groups(Stream stream, bool with_silent) const {
  GroupCollector collector;
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    const SharedTexts::Place place = texts_->place(text_of(target, stream));
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
      for (const std::string_view piece : said_by(group)) finder.add(piece);
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
  if (streams_.is_read(stream)) streams_.buffers().of(stream).append(group_header(rule, title));
  const std::vector<std::string_view> text = said_by(group);
  co_await show_text(stream, text, title);
}

std::vector<std::string_view> GatherSink::said_by(const GatheredGroup& group) const {
  std::vector<std::string_view> text;
  for (const ByteStore::Piece& piece : texts_->pieces(group.text)) text.push_back(texts_->view(piece));
  return text;
}

// As clush --diff: from the first group that said something.
Awaitable<> GatherSink::show_differences(std::string_view rule) {
  const std::vector<GatheredGroup> groups = this->groups(Stream::kStdout, true);
  const auto first = std::ranges::find_if(groups, [](const GatheredGroup& group) { return group.text.size > 0; });
  if (first == groups.end()) co_return;
  if (differences_->first_too) co_await show_group(Stream::kStdout, rule, *first);
  const Result<Differ::Text> from = as_file(*first);
  for (const GatheredGroup& group : groups) {
    if (&group == &*first || !streams_.is_read(Stream::kStdout)) continue;
    const Result<Differ::Text> to = from ? as_file(group) : fail(from.error());
    Result<std::string> differences = to ? std::string() : Result<std::string>(fail(to.error()));
    if (to) differences = co_await differences_->differ.compare(io_, *from, *to);
    if (differences) {
      const std::vector<std::string_view> text{*differences};
      const std::string title = group_title(group, names_);
      co_await show_text(Stream::kStdout, text, title);
      continue;
    }
    streams_.say("--diff: " + group_title(group, names_) + ": " + differences.error().what + "; shown whole");
    co_await show_group(Stream::kStdout, rule, group);
  }
  co_await streams_.wait_written();
}

Result<Differ::Text> GatherSink::as_file(const GatheredGroup& group) const {
  Differ::Text text;
  text.title = group_title(group, names_);
  text.file = TRY(sys::make_temporary_file());
  for (const std::string_view piece : said_by(group)) {
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
    if (!streams_.is_read(stream)) co_return;
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
