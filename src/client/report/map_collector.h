// SPDX-License-Identifier: Apache-2.0
// Answers, as they come in a run, to the maps of a report: a map's last values, and the sums of each time that it was
// printed. Pure.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "client/answers/answer.h"
#include "client/answers/program_maps.h"
#include "client/report/host_set.h"
#include "client/report/report.h"
#include "client/report/series.h"

namespace stapsh::client::report {

class MapCollector {
 public:
  /// The bpftrace program, before all answers: what becomes of its maps, and what stacks are of. Without it nothing is
  /// taken for cumulative.
  void on_program(std::string_view script);

  /// Of one run; in order of time. Last values may come before or after the prints of their map.
  void on_answer(const Answer& answer);

  /// What rstap itself failed at: `what` of `map`, for a person, is missing or not whole.
  void on_fault(std::string_view map, std::string_view what);
  /// on_answer() failed in its middle: what was known of the map is not whole, and goes.
  void on_lost(const std::string& map);

  /// In the order in which maps were first seen. A map without last values has those of its last print.
  std::vector<Map> take();

 private:
  struct Moment {
    HostSet hosts;
    Snapshot snapshot;
  };
  struct Collected {
    Map map;
    bool has_last = false, has_stacks = false;
    std::size_t prints = 0;  // Of what could be shown over time.
    std::unordered_map<std::string, KeyIndex> keys;
    SeriesCollector series;       // Of numbers,
    std::vector<Moment> moments;  // or of histograms.
  };
  Collected& collected(const std::string& name);
  [[nodiscard]] bool is_cumulative(const Map& map) const;
  [[nodiscard]] std::string_view why_not_over_time(const std::string& map) const;
  void take_moments(Collected& one) const;

  std::string script_;
  ProgramMaps program_;
  std::vector<Collected> maps_;
};

}  // namespace stapsh::client::report
