// SPDX-License-Identifier: Apache-2.0
// The maps of a bpftrace program and how it makes them: what `-f json` does not say. An aggregation can only be
// assigned directly, so the text tells it; where it does not, the map is kOther and is not merged. Never a guess.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/answers/map_kind.h"

namespace stapsh::client {

struct ProgramMap {
  std::string name;  ///< With its "@".
  MapKind kind = MapKind::kOther;
  bool printed_in_part = false;  ///< There is a print(@name, TOP): of each host its own top.
  bool printed_divided = false;  ///< There is a print(@name, TOP, DIVISOR).
  /// What it held may go while the program runs: there is a clear(), zero() or delete() of it or of a key, it is an
  /// lruhash, or another file is imported, which may do any of that.
  bool forgets = false;
  bool operator==(const ProgramMap&) const = default;
};

class ProgramMaps {
 public:
  ProgramMaps() = default;
  explicit ProgramMaps(std::string_view program);

  /// In the order in which the program first names them.
  [[nodiscard]] const std::vector<ProgramMap>& maps() const { return maps_; }
  [[nodiscard]] std::vector<std::string> names() const;
  /// Of those that it assigns to or changes: others have no values.
  [[nodiscard]] const std::vector<std::string>& made() const { return made_; }
  /// kOther of one that the program does not have.
  [[nodiscard]] MapKind kind(std::string_view name) const;
  [[nodiscard]] const ProgramMap* find(std::string_view name) const;

 private:
  std::vector<ProgramMap> maps_;
  std::vector<std::string> made_;
};

/// `program` with stats() in the place of each avg() that is assigned to a map: it says the count as well, so that
/// averages of hosts can be put together exactly. All else is left as it is, and so is a program that has a stats() of
/// its own.
std::string with_exact_avg(std::string_view program);

}  // namespace stapsh::client
