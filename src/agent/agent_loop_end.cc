// SPDX-License-Identifier: Apache-2.0
// What follows a stop: a look at what the runner does, the cleaning up, the last words to a client; and the sweep of
// what others left.
#include <poll.h>

#include <array>
#include <set>
#include <utility>
#include <vector>

#include "agent/agent_loop_class.h"
#include "sys/io.h"

namespace stapsh::agent {

namespace {

// How long an agent that fails waits for its client to have read why.
constexpr Duration kFarewellLimit = std::chrono::milliseconds(500);

}  // namespace

// A runner that says nothing may be at work: it is looked at before the session's time to press it harder comes.
void AgentLoop::watch_activity() {
  if (!session_.wants_activity()) return watch_.end();
  const TimePoint now = sys::now();
  watch_.begin(session_.rung_time(), now);
  if (!watch_.due(now)) return;
  Activity activity = watch_.look(children_.living(helpers()).pids, module_states(record_), now);
  // What it does is to go on printing, and nobody takes it: that is no way to an end.
  if (std::exchange(prints_to_nobody_, false)) activity = Activity::kNone;
  session_.on_activity(activity, watch_.line(unload_ends_ ? "staprun" : program_), now);
}

void AgentLoop::clean_up() {
  signatures_watch_.reset();
  (void)std::exchange(signatures_, {});  // Nobody waits for its answer.
  watch_.end();
  unload_ends_ = sys::deadline_after(session_.stop_times().limit);
  watch_unload(place_.exists() && unload_.start(record_));
}

// The rest of the cleaning up follows when the last module is unloaded, or can't be.
void AgentLoop::watch_unload(bool active) {
  unload_watch_.reset();
  Result<sys::Watch> watch = active ? epoll_.add(unload_.fd(), EPOLLIN, kUnload) : Result<sys::Watch>(sys::Watch());
  if (watch) unload_watch_ = *std::move(watch);
  if (!unload_watch_.active()) finish_clean_up();
}

void AgentLoop::finish_clean_up() {
  unload_ends_.reset();
  std::vector<LeftLine> left;
  if (place_.exists()) {
    // Looked at, not assumed.
    children_.look_what_is_left(helpers(), left);
    look_for_modules(record_, left);
  }
  if (const Result<> closed = place_.close(left); !closed) reports_.say(closed.error().what);
  session_.on_cleaned_up(left);
}

void AgentLoop::sweep(std::string_view session) {
  Result<BackgroundSweep> started = BackgroundSweep::start(session);
  Result<sys::Watch> watch = started ? epoll_.add(started->fd(), EPOLLIN, kSweep) : fail(started.error());
  if (!watch) return be_unable(watch.error());
  sweep_ = *std::move(started);
  sweep_watch_ = *std::move(watch);
}

void AgentLoop::finish_sweep() {
  sweep_watch_.reset();
  Swept swept = std::exchange(sweep_, {}).finish();
  // A client asks again and again while something is left.
  std::erase_if(swept.notes, [this](const std::string& note) { return !sweep_notes_.insert(note).second; });
  session_.on_swept(swept.removed, swept.left, swept.notes);
}

// A relay whose child fails may drop what it has read and not passed on: socat does, `exit` and `quit` among it. Our
// client closes when it has read its last line.
void AgentLoop::let_client_close() {
  const TimePoint deadline = sys::deadline_after(kFarewellLimit);
  while (!outbox_.abandoned() && !stream_outlives_client_ && sys::now() < deadline && !input_.skip()) {
    std::array<pollfd, 2> entries{{{input_.fd(), POLLIN | POLLRDHUP, 0}, {signals_.fd(), POLLIN, 0}}};
    const Result<bool> news = sys::wait_for_any(entries, deadline);
    if (entries[1].revents != 0) note_signals();
    if (!news || stop_signal_ != 0) return;
  }
}

}  // namespace stapsh::agent
