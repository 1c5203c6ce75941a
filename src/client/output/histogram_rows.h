// SPDX-License-Identifier: Apache-2.0
// A histogram as people know it from bpftrace: a row for each bucket, with a bar. Pure.
#pragma once

#include <string>
#include <vector>

#include "client/answers/value.h"

namespace stapsh::client {

/// "[4, 8)", "[1K, 2K)", "(..., 0)", "[100, ...)", "[1]": of K, M, G, …, where both bounds are whole ones.
std::string bucket_label(const Bucket& bucket);

/// Its lower bound alone, "1K"; of one that has none "<0".
std::string bucket_begin_label(const Bucket& bucket);

/// From the first bucket that has something to the last, with the empty ones between them.
Histogram filled_buckets(const Histogram& histogram);

/// A line for each bucket, without its newline; empty ones in the middle, too, so that the shape is seen.
std::vector<std::string> histogram_rows(const Histogram& histogram);

/// A character for each bucket, as high as its count beside the largest: "▁▂█▁". Wider than `columns_max`: the emptiest
/// ends are left out.
std::string spark_line(const Histogram& histogram, std::size_t columns_max = 32);

}  // namespace stapsh::client
