// SPDX-License-Identifier: Apache-2.0
// Limits and times of reading answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "client/answers/key_table.h"

namespace stapsh::client {

struct AnswerOptions {
  /// Of one host. A map of 10,000 keys with histograms has some 10 MB in JSON.
  std::size_t line_bytes_max = std::size_t{64} << 20;
  /// Beyond them new keys are not taken, but counted.
  std::size_t keys_per_map_max = 1'000'000, keys_max = 4'000'000;
  /// Maps that hosts print and the program does not name, such as those of what it imports.
  std::size_t unknown_maps_max = 64;
  /// Prints of a map that wait for other hosts. More, and the oldest is given out as it is.
  std::size_t rounds_max = 100;
  /// All hosts have printed a map; could it be the last print, that of the end? Then they end within this time.
  WallTime end_wait = std::chrono::milliseconds(500);
  /// How long a print waits for hosts that don't give theirs.
  WallTime round_wait = std::chrono::seconds(2);
  /// Hosts are asked to print all maps, again and again: each print is what a map has at that moment, belongs to no
  /// round, and no snapshot is given out. See AnswerBook::latest().
  bool live = false;
  KeyMatching keys = KeyMatching::kExact;
  std::uint64_t hash_seed = 0;  ///< A random number that no host knows.
};

}  // namespace stapsh::client
