// SPDX-License-Identifier: Apache-2.0
// What a runner says of one key of a map.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "client/answers/map_kind.h"
#include "client/answers/number.h"

namespace stapsh::client {

/// From `min` to `max`, both inclusive; without one of them, open on that side.
struct Bucket {
  std::optional<std::int64_t> min, max;
  std::uint64_t count = 0;
  bool operator==(const Bucket&) const = default;
};
/// In ascending order, without overlap. Empty ones may be left out.
using Histogram = std::vector<Bucket>;

struct Stats {
  Number count = 0, total = 0;
  bool operator==(const Stats&) const = default;
};

/// What is no number: a string, a tuple, a series, as JSON wrote it. Bytes, not always UTF-8.
struct Text {
  std::string json;
  bool operator==(const Text&) const = default;
};

using Value = std::variant<Number, Stats, Histogram, Text>;

/// Most of all that is ever read. `key` is somebody else's memory.
struct KeyedNumber {
  std::string_view key;
  std::int64_t number = 0;
};

/// One host said the same key twice in one print, as versions that drop blanks do with "a b" and "ab". What can be
/// added is; of what can't, a list of both is left: nothing is lost, and nobody takes it for a number.
Value combine(MapKind kind, Value one, Value other);

/// The sum of both, at most the largest that there is.
constexpr std::uint64_t add_counts(std::uint64_t one, std::uint64_t other) {
  const std::uint64_t sum = one + other;
  return sum < one ? UINT64_MAX : sum;
}

/// By their lower bounds, then the upper ones; open ones are the farthest.
bool is_below(const Bucket& one, const Bucket& other);
/// Whether a value may lie in both.
bool overlap(const Bucket& one, const Bucket& other);

}  // namespace stapsh::client
