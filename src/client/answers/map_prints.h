// SPDX-License-Identifier: Apache-2.0
// The prints of one map by all hosts, matched by their number: the n-th of one host belongs to the n-th of the others.
// bpftrace also prints all maps when it ends, which looks like any other print. So a round of prints is given out as a
// snapshot only when the program is seen to go on, and what a host printed last before it ended is final.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "client/answers/answer.h"
#include "client/answers/answer_options.h"
#include "client/answers/fleet_state.h"
#include "client/answers/host_values.h"
#include "client/answers/program_maps.h"
#include "client/answers/values_builder.h"

namespace stapsh::client {

class MapPrints {
 public:
  MapPrints(ProgramMap map, const FleetState& fleet, const AnswerOptions& options);

  [[nodiscard]] const std::string& name() const { return map_.name; }
  [[nodiscard]] MapKind kind() const { return map_.kind; }
  [[nodiscard]] std::size_t keys() const { return tables_.keys.size(); }

  /// A print begins; its values go to `builder`. `keys_max`: of the map's table.
  void begin(ValuesBuilder& builder, bool keyed, std::size_t keys_max);
  /// What a host printed. Once a stop was asked it is final, and belongs to no round.
  void on_print(HostValues values, WallTime now);
  /// A print that could not be read: what the host said before is not its last.
  void on_unreadable(std::size_t target) { hosts_[target].unreadable = true; }
  /// Also when it never started. FleetState knows it already, as it does below.
  void on_ended(std::size_t target, WallTime now);
  void on_stop();

  /// The next snapshot that is due; ask until there is none.
  std::optional<Answer> next_snapshot(WallTime now);
  [[nodiscard]] std::optional<WallTime> next_deadline() const;
  /// Each host's last values; none if no host has any.
  [[nodiscard]] std::optional<Answer> last_values(WallTime now) const;

  /// From now on, and for all that was said.
  void match_keys_loosely();

 private:
  struct Host {
    std::optional<HostValues> last;
    bool unreadable = false;  // What came behind `last`.
    std::size_t next_round = 0;
    std::optional<std::size_t> given_in;  // The snapshot in which `last` was.
  };
  struct Round {
    std::vector<HostValues> values;
    std::size_t running = 0;  // Hosts that gave it and run.
    WallTime begun{};
    std::optional<WallTime> complete;
    bool forced = false;
  };

  [[nodiscard]] Round& round(std::size_t number) { return rounds_[number - given_]; }
  void check_complete(WallTime now);
  [[nodiscard]] WallTime deadline(const Round& round) const;
  void forget_unused_keys();
  template <typename Change>
  void change_all(const Change& change);

  [[nodiscard]] Answer answer_of(std::vector<HostValues> hosts, WallTime at, bool is_last) const;
  [[nodiscard]] std::string why_missing(std::size_t target, bool has_values, bool is_last) const;

  ProgramMap map_;
  const FleetState& fleet_;
  const AnswerOptions& options_;
  MapTables tables_;
  std::vector<Host> hosts_;
  std::deque<Round> rounds_;  // Not yet given out; the first has the number given_.
  std::size_t given_ = 0;
  std::size_t prints_until_forgetting_ = 0;  // A look at all keys is not worth it at each print.
};

}  // namespace stapsh::client
