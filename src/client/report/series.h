// SPDX-License-Identifier: Apache-2.0
// Numbers of a map over time: what it was at each moment at which the program printed it. Of a map with many keys the
// largest. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/answers/answer.h"
#include "client/report/host_set.h"
#include "client/report/report.h"

namespace stapsh::client::report {

class SeriesCollector {
 public:
  /// A snapshot, of a kind that is_over_time(); in order of time. Of stacks nothing is kept: they have no lines.
  void on_snapshot(const Answer& answer);
  /// None: there are no two moments of the same hosts, which a line of `notes` says if there were others.
  /// `cumulative`: a number holds what those before it held.
  [[nodiscard]] std::optional<Series> take(bool cumulative, std::vector<std::string>& notes);

 private:
  using Line = std::vector<std::optional<Number>>;
  struct Moment {
    WallTime at{};
    HostSet hosts;
    std::vector<std::pair<std::string, Number>> largest;  // In descending order.
    bool whole = false;                                   // There were no others.
  };
  [[nodiscard]] std::vector<std::string> largest_keys() const;
  [[nodiscard]] Line line_of(const std::string& key, bool cumulative) const;

  std::vector<Moment> moments_;
  bool has_stacks_ = false;
};

/// Whether its values are one number of all hosts.
constexpr bool is_over_time(MapKind kind) {
  return kind == MapKind::kCount || kind == MapKind::kSum || kind == MapKind::kMin || kind == MapKind::kMax;
}

/// For a person, of moments that can't stand beside one another.
inline constexpr std::string_view kNeverTheSameHosts =
    "not shown over time: no two moments at which the program printed it are of the same hosts";

}  // namespace stapsh::client::report
