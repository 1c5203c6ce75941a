// SPDX-License-Identifier: Apache-2.0
// How long each target is traced: from when its probes are attached, as far as its runner tells. Pure.
#pragma once

#include <optional>

#include "base/time.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

struct TraceTime {
  Duration time;          ///< From when the probes are attached,
  Duration attach_limit;  ///< which takes no longer than this from the runner's start.
  bool is_told;           ///< The runner says when they are; else it is from its start on that the time counts.

  /// Of a whole run, from its runner's start.
  [[nodiscard]] Duration all() const { return is_told ? attach_limit + time : time; }
};

/// By --deadline, and -T of a bpftrace program (systemtap's has a timer of its own). None: there is no end.
std::optional<TraceTime> trace_time(const RstapOptions& options);

}  // namespace stapsh::client
