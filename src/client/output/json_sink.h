// SPDX-License-Identifier: Apache-2.0
// --format=json: every event on standard output, one object a line. See docs/events.md.
#pragma once

#include <memory>
#include <utility>

#include "client/events/event.h"
#include "client/events/event_writer.h"
#include "client/output/standard_streams.h"

namespace stapsh::client {

class JsonSink : public EventSink {
 public:
  /// `streams` are lent.
  explicit JsonSink(StandardStreams& streams) : streams_(streams) {}

  void on_event(const Event& event) override {
    // A line that is too much is dropped whole: what comes out are events.
    const auto* output = std::get_if<event::Output>(&event.what);
    if (output != nullptr && streams_.overflows()) return streams_.drop(output->bytes.size());
    writer_.write(event, streams_.buffers().of(Stream::kStdout));
  }

 private:
  StandardStreams& streams_;
  EventWriter writer_;
};

/// What a person must know beside it: all that `inner` says of a run but the runners' output.
class WithoutOutput : public EventSink {
 public:
  explicit WithoutOutput(std::unique_ptr<EventSink> inner) : inner_(std::move(inner)) {}

  void on_event(const Event& event) override {
    if (!std::holds_alternative<event::Output>(event.what)) inner_->on_event(event);
  }
  void on_pause() override { inner_->on_pause(); }
  [[nodiscard]] bool full() const override { return inner_->full(); }

 private:
  std::unique_ptr<EventSink> inner_;
};

}  // namespace stapsh::client
