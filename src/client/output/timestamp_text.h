// SPDX-License-Identifier: Apache-2.0
// The time that stands before a line (--timestamps).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// Two times of one line.
struct LineTime {
  WallTime shown{};    ///< By the clock of its own machine.
  WallTime ordered{};  ///< By ours.
};

class TimestampText {
 public:
  explicit TimestampText(Timestamps kind) : kind_(kind) {}

  /// What kDelta counts from, by our clock.
  void set_begin(WallTime begin) { begin_ = begin; }

  /// With a blank behind it; empty for kNone. Valid until the next call.
  std::string_view text(const LineTime& time);

 private:
  void write_iso(WallTime time);

  Timestamps kind_;
  WallTime begin_{};
  std::string text_;
  std::string zone_;  // Of the second that is in text_, as is all before the fraction.
  std::int64_t second_ = -1;
};

}  // namespace stapsh::client
