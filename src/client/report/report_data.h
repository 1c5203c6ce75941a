// SPDX-License-Identifier: Apache-2.0
// A report as the JSON that its page reads (page/data.js says what is what). Made to be small: columns instead of rows,
// each key, bucket and frame once, stacks as one tree. Pure.
#pragma once

#include <string>

#include "client/report/report.h"

namespace stapsh::client::report {

/// Texts of one line, keys among them, are cut behind so many bytes; the script and notes behind more.
inline constexpr std::size_t kLineBytesMax = 4096;
inline constexpr std::size_t kTextBytesMax = 1'000'000;

/// How much of a map is said by host, in figures (numbers, counts and bounds of buckets): 1,000 hosts with 10,000 keys
/// would make a page of 60 MB. Beyond it only the keys with the largest sums are; sums are there of all.
inline constexpr std::size_t kHostFiguresMax = 3'000'000;

/// May stand inside a <script> (page_json.h).
std::string report_data(const Report& report);

}  // namespace stapsh::client::report
