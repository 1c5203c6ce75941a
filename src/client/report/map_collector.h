// SPDX-License-Identifier: Apache-2.0
// Answers, as they come in a run, to the maps of a report: a map's last values, and the sums of each time that it was
// printed. Pure.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "client/answers/answer.h"
#include "client/report/report.h"
#include "client/report/series.h"

namespace stapsh::client::report {

class MapCollector {
 public:
  /// Of one run; in order of time. Last values may come before or after the prints of their map.
  void on_answer(const Answer& answer);

  /// What rstap itself failed at: `what` of `map`, for a person, is missing or not whole.
  void on_fault(std::string_view map, std::string_view what);
  /// on_answer() failed in its middle: what was known of the map is not whole, and goes.
  void on_lost(const std::string& map);

  /// In the order in which maps were first seen. A map without last values has those of its last print. `script`: the
  /// program, for what stacks are of; may be empty.
  std::vector<Map> take(std::string_view script);

 private:
  struct Collected {
    Map map;
    bool has_last = false;
    std::unordered_map<std::string, KeyIndex> keys;
    SeriesCollector series;
  };
  Collected& collected(const std::string& name);

  std::vector<Collected> maps_;
};

}  // namespace stapsh::client::report
