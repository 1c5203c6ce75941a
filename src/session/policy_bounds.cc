// SPDX-License-Identifier: Apache-2.0
#include "session/policy_bounds.h"

#include <algorithm>

namespace stapsh {

void apply_bounds(AgentSettings& settings, const policy::Bounds& bounds) {
  if (bounds.grace) {
    settings.stop_times.grace = std::min(settings.stop_times.grace, *bounds.grace);
    settings.maxima.grace = std::min(settings.maxima.grace, *bounds.grace);
  }
  if (bounds.stop) {
    settings.stop_times.limit = std::min(settings.stop_times.limit, *bounds.stop);
    settings.maxima.stop_limit = std::min(settings.maxima.stop_limit, *bounds.stop);
  }
  if (bounds.run && (!settings.maxima.deadline || *bounds.run < *settings.maxima.deadline)) {
    settings.maxima.deadline = bounds.run;
    settings.names.run = "limit run= of its policy";
  }
  if (bounds.idle && (!settings.idle_timeout || *bounds.idle < *settings.idle_timeout)) {
    settings.idle_timeout = bounds.idle;
    settings.names.idle = "limit idle= of the policy there";
  }
  settings.output_rate = bounds.output;
  settings.tasks = bounds.tasks;
  settings.memory = bounds.memory;
  if (bounds.workspace && *bounds.workspace < settings.limits.files_bytes_max) {
    settings.limits.files_bytes_max = *bounds.workspace;
    settings.names.files_bytes = "limit workspace= of the policy there";
  }
}

}  // namespace stapsh
