// SPDX-License-Identifier: Apache-2.0
#include "client/output/histogram_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "client/output/bar.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kBinaryUnits = "KMGTPE";
constexpr std::size_t kFilledMax = 70;  // Between two buckets; more are a hole, not a shape.

// Values beyond 64 bits, as the end of the last bucket, are said without rounding as well.
std::string bound_text(Number bound) {
  std::string unit;
  for (const char each : kBinaryUnits) {
    if (bound == 0 || bound % 1024 != 0) break;
    bound /= 1024;
    unit = each;
  }
  return to_text(bound) + unit;
}

Number end_of(const Bucket& bucket) { return Number{*bucket.max} + 1; }

// As wide as the one before it, or twice as wide where buckets double.
std::vector<Bucket> between(const Bucket& before, const Bucket& after) {
  std::vector<Bucket> empty;
  if (!before.max || !after.min) return empty;
  const bool doubles = before.min && after.max && Number{*after.max} - *after.min > Number{*before.max} - *before.min;
  Bucket next = before;
  next.count = 0;
  while (end_of(next) < Number{*after.min} && empty.size() < kFilledMax) {
    const Number begin = end_of(next);
    const Number width = next.min ? begin - *next.min : Number{*after.min} - begin;
    const Number end = std::min<Number>(begin + (doubles && begin > 1 ? begin : width), *after.min);
    next.min = static_cast<std::int64_t>(begin);
    next.max = static_cast<std::int64_t>(end - 1);
    empty.push_back(next);
  }
  if (empty.size() >= kFilledMax) empty.clear();
  return empty;
}

std::uint64_t largest_count(const Histogram& rows) {
  std::uint64_t largest = 0;
  for (const Bucket& row : rows) largest = std::max(largest, row.count);
  return largest;
}

}  // namespace

std::string bucket_label(const Bucket& bucket) {
  if (bucket.min && bucket.max && *bucket.min == *bucket.max) return fmt::format("[{}]", bound_text(*bucket.min));
  if (!bucket.min) return fmt::format("(..., {})", bucket.max ? bound_text(end_of(bucket)) : "...");
  if (!bucket.max) return fmt::format("[{}, ...)", bound_text(*bucket.min));
  return fmt::format("[{}, {})", bound_text(*bucket.min), bound_text(end_of(bucket)));
}

std::string bucket_begin_label(const Bucket& bucket) {
  if (bucket.min) return bound_text(*bucket.min);
  return bucket.max ? "<" + bound_text(end_of(bucket)) : "...";
}

Histogram filled_buckets(const Histogram& histogram) {
  Histogram rows;
  std::size_t last = 0;
  for (const Bucket& bucket : histogram) {
    if (rows.empty() && bucket.count == 0) continue;
    if (!rows.empty()) {
      for (const Bucket& empty : between(rows.back(), bucket)) rows.push_back(empty);
    }
    rows.push_back(bucket);
    if (bucket.count > 0) last = rows.size();
  }
  rows.resize(last);
  return rows;
}

std::vector<std::string> histogram_rows(const Histogram& histogram) {
  const Histogram rows = filled_buckets(histogram);
  const std::uint64_t largest = largest_count(rows);
  std::vector<std::string> lines;
  for (const Bucket& row : rows) {
    lines.push_back(fmt::format("{:<16} {:>8} |{}|", bucket_label(row), row.count,
                                bar(static_cast<double>(row.count), static_cast<double>(largest), kBarColumns)));
  }
  return lines;
}

std::string spark_line(const Histogram& histogram, std::size_t columns_max) {
  static constexpr std::array<std::string_view, 9> kHeights{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  Histogram rows = filled_buckets(histogram);
  while (rows.size() > columns_max)
    rows.front().count <= rows.back().count ? rows.erase(rows.begin()), 0 : (rows.pop_back(), 0);
  const double largest = static_cast<double>(largest_count(rows));
  std::string line;
  for (const Bucket& row : rows) {
    const double share = largest > 0 ? static_cast<double>(row.count) / largest : 0;
    // What is there at all is seen.
    const auto height = static_cast<std::size_t>(share * 7.999);
    line += row.count == 0 ? kHeights[0] : kHeights[height + 1];
  }
  return line;
}

}  // namespace stapsh::client
