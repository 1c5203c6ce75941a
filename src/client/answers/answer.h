// SPDX-License-Identifier: Apache-2.0
// What the fleet answered: one map of a program, each host's values and what they are together. Values of one host are
// what its runner said, unchanged; keys are shared, so that 1,000 hosts with 10,000 keys are an ordinary answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/answers/fleet_sum.h"
#include "client/answers/host_values.h"
#include "client/answers/map_kind.h"

namespace stapsh::client {

/// A host whose values are not here, or not all of them: a host that was lost keeps what it said before, and is then
/// in Answer::hosts, too.
struct Missing {
  std::size_t target = 0;  ///< Index into RunStarted::targets.
  std::string why;         ///< "no data", "failed: …", "lost 12 s after the start": a line for a person.
  bool operator==(const Missing&) const = default;
};

/// One map at one moment.
struct Answer {
  std::string map;  ///< With its "@"; of systemtap its name in the tapset, or the line before the histogram.
  MapKind kind = MapKind::kOther;
  std::optional<std::size_t> ordinal;  ///< The n-th time that the program printed it, from 0; none: its last values.
  WallTime at{};
  std::size_t targets = 0;  ///< That were asked.
  bool keyed = false;       ///< Of any host: its values have keys.
  /// That any host here has, in the order in which they were first seen. One, empty, for a map without keys. Bytes, as
  /// the runner wrote them: names of processes may be cut within a character.
  std::vector<std::string> keys;
  std::vector<Sum> sums;           ///< By key, as many as keys.
  std::vector<HostValues> hosts;   ///< Those that said something, in the order of targets.
  std::vector<Missing> missing;    ///< The others, and those that were lost, in the order of targets.
  std::uint64_t dropped_keys = 0;  ///< Beyond the limit: of all hosts, not in here.
  bool said_before = false;        ///< Last values that are, all of them, those of the last snapshot.
  std::vector<std::string> notes;  ///< What a person must know to read it, a line each: "only the largest 10 …".
};

}  // namespace stapsh::client
