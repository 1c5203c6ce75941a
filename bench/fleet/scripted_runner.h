// SPDX-License-Identifier: Apache-2.0
// What bpftrace would say: a script instead of a kernel. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace stapsh::fleet {

enum class Scenario {
  kMaps,   ///< A map of 100 keys, as `bpftrace -f json` prints it, each second and at the end.
  kFlood,  ///< Lines, as fast as they are read.
  kQuiet,  ///< The map at the end alone.
};
std::optional<Scenario> scenario_of(std::string_view name);

class ScriptedRunner {
 public:
  ScriptedRunner(Scenario scenario, TimePoint now);

  /// What it writes now into a pipe that is empty.
  std::string write(TimePoint now);
  /// It was told to stop: it writes what is left to say, and exits with 0.
  void stop() { stopping_ = true; }
  [[nodiscard]] bool exited() const { return exited_; }
  /// When write() has something, if it does not depend on the pipe.
  [[nodiscard]] std::optional<TimePoint> next_at() const;

 private:
  Scenario scenario_;
  TimePoint next_at_;
  unsigned prints_ = 0;
  bool begun_ = false, stopping_ = false, exited_ = false;
};

/// The map that is printed as the n-th: "key-000" to "key-099", the value of key K is n * (K + 1).
std::string map_line(unsigned print);

}  // namespace stapsh::fleet
