// SPDX-License-Identifier: Apache-2.0
#include "client/answers/packed_value.h"

#include <cstring>

#include "base/overloaded.h"

namespace stapsh::client {
namespace {

constexpr char kNumber = 'n', kStats = 's', kText = 't';

void pack_count(std::string& to, std::uint64_t count) {
  for (; count >= 0x80; count >>= 7) to.push_back(static_cast<char>(count | 0x80U));
  to.push_back(static_cast<char>(count));
}

void pack_number(std::string& to, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  to.append(bytes, sizeof bytes);
}

Number unpack_number(std::string_view& packed) {
  Number number = 0;
  std::memcpy(&number, packed.data(), sizeof number);
  packed.remove_prefix(sizeof number);
  return number;
}

// Runs of buckets that were first seen one behind the other: the first one's index, how many, their counts.
bool pack_histogram(std::string& to, const Histogram& histogram, BucketTable& buckets) {
  constexpr char kRunMax = 0x7f;
  const std::size_t begin = to.size();
  to.push_back(kPackedHistogram);
  std::size_t length_at = 0;
  std::optional<BoundsIndex> last;
  for (const Bucket& bucket : histogram) {
    if (bucket.count == 0) continue;
    const std::optional<BoundsIndex> index = buckets.find_or_add(bucket);
    if (!index) {
      to.resize(begin);
      return false;
    }
    if (!last || *index != *last + 1 || to[length_at] == kRunMax) {
      pack_count(to, *index);
      length_at = to.size();
      to.push_back(0);
    }
    ++to[length_at];
    pack_count(to, bucket.count);
    last = index;
  }
  return true;
}

}  // namespace

bool pack(std::string& to, const Value& value, BucketTable& buckets) {
  return std::visit(Overloaded{[&](Number number) {
                                 to.push_back(kNumber);
                                 pack_number(to, number);
                                 return true;
                               },
                               [&](const Stats& stats) {
                                 to.push_back(kStats);
                                 pack_number(to, stats.count);
                                 pack_number(to, stats.total);
                                 return true;
                               },
                               [&](const Histogram& histogram) { return pack_histogram(to, histogram, buckets); },
                               [&](const Text& text) {
                                 to.push_back(kText);
                                 to.append(text.json);
                                 return true;
                               }},
                    value);
}

Value unpack(std::string_view packed, const BucketTable& buckets) {
  const char what = packed.empty() ? kText : packed.front();
  if (what == kPackedHistogram) {
    Histogram histogram;
    unpack_buckets(packed, [&](BoundsIndex index, std::uint64_t count) {
      Bucket bucket = buckets.bounds(index);
      bucket.count = count;
      histogram.push_back(bucket);
    });
    return histogram;
  }
  if (!packed.empty()) packed.remove_prefix(1);
  if (what == kNumber) return unpack_number(packed);
  if (what == kStats) {
    const Number count = unpack_number(packed);
    return Stats{count, unpack_number(packed)};
  }
  return Text{std::string(packed)};
}

}  // namespace stapsh::client
