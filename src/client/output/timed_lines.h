// SPDX-License-Identifier: Apache-2.0
// What stands between merged lines and the streams where time matters: --timestamps, --by-time. The merger writes whole
// lines to staging(); here they get their time, and their place. A line has the time of the output that it began in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/events/event.h"
#include "client/options/rstap_options.h"
#include "client/output/by_time.h"
#include "client/output/merge.h"
#include "client/output/output_buffer.h"
#include "client/output/target_clocks.h"
#include "client/output/timestamp_text.h"

namespace stapsh::client {

class TimedLines {
 public:
  static bool wanted(const OutputOptions& options) {
    return options.timestamps != Timestamps::kNone || options.by_time.has_value();
  }

  /// `out` is lent. So is the merger below, which passes nothing through and is made for staging().
  TimedLines(const OutputOptions& options, std::vector<std::string> target_names, OutputBuffers& out);

  OutputBuffers& staging() { return staging_; }

  /// Each event, before anything else is made of it.
  void note(const Event& event);
  /// An Output.
  void on_output(const Event& event, Merger& merger);
  /// An Ended.
  void on_target_end(const Event& event, Merger& merger);
  /// After the last line.
  void finish();

  /// It is `now`, and nothing has happened: lines that have waited go. See ByTime.
  void release(WallTime now);
  [[nodiscard]] std::optional<WallTime> next_release() const;

  /// What a person must know to read the times, once all lines have gone.
  [[nodiscard]] std::vector<std::string> remarks() const;
  /// Of a target that was connected: whether its clock is worth a word in any case.
  [[nodiscard]] bool is_far_off(const event::Connected& connected) const;

 private:
  struct Source {
    LineTime unfinished;  ///< Of the line that the merger holds.
    WallTime newest{};    ///< What a target says stays in its order, whatever becomes of its clock.
  };
  Source& source(std::size_t target, Stream stream) {
    return sources_.at(target * 2 + static_cast<std::size_t>(stream));
  }
  std::optional<ByTime>& order(Stream stream) { return orders_[static_cast<std::size_t>(stream)]; }
  void place(std::size_t target, Stream stream, const LineTime& time);

  std::optional<WallTime> window_;
  std::vector<std::string> names_;
  OutputBuffers& out_;
  OutputBuffers staging_;
  OutputBuffer stamped_;
  TimestampText timestamp_;
  bool stamps_;
  TargetClocks clocks_;
  std::vector<Source> sources_;                  // Two for each target.
  std::array<std::optional<ByTime>, 2> orders_;  // By Stream; of --by-time.
  WallTime now_{};                               // Of the last event.
  bool begun_ = false;
};

}  // namespace stapsh::client
