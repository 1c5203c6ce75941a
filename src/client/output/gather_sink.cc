// SPDX-License-Identifier: Apache-2.0
#include "client/output/gather_sink.h"

#include <signal.h>

#include "client/output/only_target.h"
#include "client/output/shown_names.h"

namespace stapsh::client {
namespace {

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
    co_await show(Stream::kStdout);
    co_await show(Stream::kStderr);
  }
  if (last_event_) others_->on_event(*last_event_);
}

Awaitable<> GatherSink::show(Stream stream) {
  GroupCollector collector;
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    end_line(target, stream);
    const SharedTexts::Place place = texts_->place(text_of(target, stream));
    if (place.size > 0) collector.add(target, place, targets_[target].code);
  }
  const std::vector<GatheredGroup> groups = collector.groups();
  RuleFinder finder;
  for (const GatheredGroup& group : groups) {
    for (const ByteStore::Piece& piece : texts_->pieces(group.text)) finder.add(texts_->view(piece));
  }
  const std::string rule = finder.rule();
  for (const GatheredGroup& group : groups) {
    const std::string title = group_title(group, names_);
    if (streams_.is_read(stream)) streams_.buffers().of(stream).append(group_header(rule, title));
    co_await show_text(stream, group, title);
  }
  // All of it, before the next stream begins: on a terminal both are one.
  co_await streams_.wait_written();
}

// On a terminal, a line that looks like one of rstap's gets the group's title for a label.
Awaitable<> GatherSink::show_text(Stream stream, const GatheredGroup& group, const std::string& title) {
  OutputBuffer& out = streams_.buffers().of(stream);
  OnlyTarget shown;
  shown.set_label(title + ": ");
  const bool spelled = look_.spelled[static_cast<std::size_t>(stream)];
  const std::vector<ByteStore::Piece> pieces = texts_->pieces(group.text);
  for (const ByteStore::Piece& piece : pieces) {
    if (!streams_.is_read(stream)) co_return;
    spelled ? shown.append(out, texts_->view(piece)) : out.append(texts_->view(piece));
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
