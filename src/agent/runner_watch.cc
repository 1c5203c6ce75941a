// SPDX-License-Identifier: Apache-2.0
#include "agent/runner_watch.h"

#include <utility>

namespace stapsh::agent {

void RunnerWatch::begin(Duration grace, TimePoint now) {
  if (next_) return;
  pause_ = sys::ActivityMeter::pause_within(grace);
  next_ = now;
}

void RunnerWatch::end() {
  if (!next_) return;
  next_.reset();
  meter_.reset();
}

Activity RunnerWatch::look(std::span<const pid_t> pids, const std::string& further, TimePoint now) {
  next_ = now + pause_;
  return meter_.look(pids, now, further);
}

WorkingLine RunnerWatch::line(std::string program) const {
  WorkingLine line{std::move(program), std::nullopt};
  if (const auto probes = meter_.probes()) line.probes = {probes->left, probes->most};
  return line;
}

}  // namespace stapsh::agent
