// SPDX-License-Identifier: Apache-2.0
// Numbers of a map over time: what it was at each moment at which the program printed it. Of a map with many keys the
// largest. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/answers/answer.h"
#include "client/report/report.h"

namespace stapsh::client::report {

class SeriesCollector {
 public:
  /// A snapshot, of a kind that is_over_time(); in order of time.
  void on_snapshot(const Answer& answer);
  /// None: there are no two moments at which as many hosts as ever had printed it. `kind`: the map's.
  [[nodiscard]] std::optional<Series> take(MapKind kind);

 private:
  struct Moment {
    WallTime at{};
    std::size_t hosts = 0;
    std::vector<std::pair<std::string, Number>> largest;  // In descending order.
  };
  [[nodiscard]] std::vector<std::string> largest_keys() const;

  std::vector<Moment> moments_;
};

/// Whether its values are one number of all hosts.
constexpr bool is_over_time(MapKind kind) {
  return kind == MapKind::kCount || kind == MapKind::kSum || kind == MapKind::kMin || kind == MapKind::kMax;
}

}  // namespace stapsh::client::report
