// SPDX-License-Identifier: Apache-2.0
// Which time a line has. An agent of ours tells its clock with what it read, and what that differs from ours was
// measured when it was connected; of all others it is known only when their output came here. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "client/events/event.h"
#include "client/output/timestamp_text.h"

namespace stapsh::client {

class TargetClocks {
 public:
  explicit TargetClocks(std::size_t targets) : clocks_(targets) {}

  void note_connected(std::size_t target, const event::Connected& connected) {
    clocks_.at(target).offset = connected.clock_offset;
  }

  /// Of the lines that begin in `output`, which came at `came`.
  LineTime time_of(std::size_t target, const event::Output& output, WallTime came);

  /// Those that said something and never told a clock: their times are ours.
  [[nodiscard]] std::vector<std::size_t> without_clock() const;

 private:
  struct Clock {
    std::optional<WallTime> offset;
    bool told = false, spoke = false;
  };
  std::vector<Clock> clocks_;
};

/// For a person, of a target that has an offset: "its clock is 3.250 s ahead of ours (± 0.2 ms)".
std::string clock_text(const event::Connected& connected);

}  // namespace stapsh::client
