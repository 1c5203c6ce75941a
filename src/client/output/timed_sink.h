// SPDX-License-Identifier: Apache-2.0
// A sink that holds something back for a time: until other events come that belong before it, or with it.
#pragma once

#include <optional>

#include "client/events/event.h"

namespace stapsh::client {

class TimedSink : public EventSink {
 public:
  /// When what is held goes, if nothing happens until then.
  [[nodiscard]] virtual std::optional<WallTime> next_release() const = 0;
  /// It is `now`, and nothing has happened.
  virtual void release(WallTime now) = 0;
};

}  // namespace stapsh::client
