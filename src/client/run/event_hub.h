// SPDX-License-Identifier: Apache-2.0
// Where the events of a run go: to every sink, in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/events/event.h"

namespace stapsh::client {

class EventHub : public EventSink {
 public:
  explicit EventHub(asio::io_context& io) : room_(io) {}

  /// Lent, until the last event.
  void add(EventSink& sink) { sinks_.push_back(&sink); }

  void on_event(const Event& event) override {
    for (EventSink* sink : sinks_) sink->on_event(event);
  }
  void on_pause() override {
    for (EventSink* sink : sinks_) sink->on_pause();
  }
  void on_asking(bool asking) override {
    for (EventSink* sink : sinks_) sink->on_asking(asking);
  }
  [[nodiscard]] bool full() const override {
    return !hurried_ && std::any_of(sinks_.begin(), sinks_.end(), [](const EventSink* sink) { return sink->full(); });
  }
  /// Waits until no sink is full any more.
  Awaitable<> wait_room() {
    while (full()) co_await room_.wait();
  }
  /// A sink is not full any more.
  void note_room() { room_.announce(); }
  /// The run is being stopped: no target waits for a reader any more.
  void hurry() {
    hurried_ = true;
    room_.announce();
  }

  /// Nobody will read what a sink writes: what the run does about it.
  void set_on_reader_gone(std::function<void()> on_gone) { on_reader_gone_ = std::move(on_gone); }
  void note_reader_gone() {
    if (on_reader_gone_) on_reader_gone_();
  }
  /// A person wants to know what each target is at: who tells.
  void set_on_states_asked(std::function<void()> on_asked) { on_states_asked_ = std::move(on_asked); }
  void note_states_asked() {
    if (on_states_asked_) on_states_asked_();
  }

  /// The runners of these targets shall get a signal: who sends it.
  void set_on_signal_wanted(std::function<void(std::span<const std::size_t>, int)> on_wanted) {
    on_signal_wanted_ = std::move(on_wanted);
  }
  void note_signal_wanted(std::span<const std::size_t> targets, int signo) {
    if (on_signal_wanted_) on_signal_wanted_(targets, signo);
  }

 private:
  std::vector<EventSink*> sinks_;
  Condition room_;
  std::function<void()> on_reader_gone_;
  std::function<void()> on_states_asked_;
  std::function<void(std::span<const std::size_t>, int)> on_signal_wanted_;
  bool hurried_ = false;
};

}  // namespace stapsh::client
