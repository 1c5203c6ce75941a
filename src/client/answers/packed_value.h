// SPDX-License-Identifier: Apache-2.0
// A value as bytes: a letter for what it is, then numbers of seven bits a byte. Buckets are named by their index in the
// map's BucketTable; empty ones are left out.
#pragma once

#include <string>
#include <string_view>

#include "client/answers/bucket_table.h"
#include "client/answers/value.h"

namespace stapsh::client {

/// Appends `value`; false, and nothing is appended, if the table takes no more buckets.
bool pack(std::string& to, const Value& value, BucketTable& buckets);

Value unpack(std::string_view packed, const BucketTable& buckets);

/// Calls `take(BoundsIndex, count)` for each bucket that is not empty; false if it is no histogram.
template <typename Take>
bool unpack_buckets(std::string_view packed, const Take& take);

/// Takes a number off `packed`.
inline std::uint64_t unpack_count(std::string_view& packed) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; !packed.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(packed.front());
    packed.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80U) break;
  }
  return number;
}

inline constexpr char kPackedHistogram = 'h';

template <typename Take>
bool unpack_buckets(std::string_view packed, const Take& take) {
  if (packed.empty() || packed.front() != kPackedHistogram) return false;
  packed.remove_prefix(1);
  while (!packed.empty()) {
    std::uint64_t index = unpack_count(packed);
    for (std::uint64_t length = unpack_count(packed); length > 0; --length, ++index) {
      take(static_cast<BoundsIndex>(index), unpack_count(packed));
    }
  }
  return true;
}

}  // namespace stapsh::client
