// SPDX-License-Identifier: Apache-2.0
// JSON to events: what event_writer.h wrote, or a newer version of it that only added fields and events. Holds a
// recording to the rules that sinks rely on, whoever made it. Pure. Rules: docs/events.md.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "client/events/event.h"

namespace stapsh::client {

/// Reads the events of one run, in order.
class EventReader {
 public:
  EventReader();
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  /// The event of the next line, with or without its newline. Views in it hold until the next call. None: an empty
  /// line, or an event of a newer version. kUsage says what is wrong with the line; then nothing may be read any more.
  Result<std::optional<Event>> read(std::string_view line);

  [[nodiscard]] std::size_t targets() const;
  /// After `target`'s `ended`.
  [[nodiscard]] bool target_ended(std::size_t target) const;
  /// After `run_ended`: nothing may follow.
  [[nodiscard]] bool run_ended() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace stapsh::client
