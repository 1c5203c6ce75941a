// SPDX-License-Identifier: Apache-2.0
#include "client/answers/systemtap_rows.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace stapsh::client {
namespace {

using RowKind = SystemtapRow::Kind;

constexpr std::int64_t kLowestLabel = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kHighestLabel = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kTitle = "value |", kEnd = " count";

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

template <typename Int>
bool take_number(std::string_view& text, Int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// The bucket that begins, seen from zero, at `label`: 4 is 4..7, -4 is -7..-4.
std::optional<Bucket> log_bucket(std::int64_t label) {
  if (label == 0) return Bucket{0, 0, 0};
  if (label == kLowestLabel) return Bucket{kLowestLabel, kLowestLabel, 0};
  const auto size = static_cast<std::uint64_t>(label < 0 ? -label : label);
  if ((size & (size - 1)) != 0) return std::nullopt;
  const auto rest = static_cast<std::int64_t>(size - 1);
  return label < 0 ? Bucket{label - rest, label, 0} : Bucket{label, label + rest, 0};
}

std::int64_t next_log_label(std::int64_t label) {
  if (label == 0) return 1;
  if (label == -1) return 0;
  if (label < 0) return label / 2;
  return label > kHighestLabel / 2 ? kHighestLabel : label * 2;
}

// One behind the other, but for what was elided.
bool are_consecutive(const std::vector<SystemtapRow>& rows, const auto& next) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i - 1].kind != RowKind::kBucket || rows[i].kind != RowKind::kBucket) continue;
    if (rows[i].label != next(rows[i - 1].label)) return false;
  }
  return true;
}

// systemtap shows two empty rows behind the last one of this kind, if there are any.
bool looks_logarithmic(const std::vector<SystemtapRow>& rows) {
  std::size_t empty = 0;
  while (empty < rows.size() && rows[rows.size() - 1 - empty].count == 0) ++empty;
  constexpr std::int64_t kNearTheEnd = std::int64_t{1} << 61;
  if (rows.empty() || (empty < 2 && rows.back().label < kNearTheEnd)) return false;
  return are_consecutive(rows, next_log_label) && std::all_of(rows.begin(), rows.end(), [](const SystemtapRow& row) {
           return row.kind == RowKind::kElided || (row.kind == RowKind::kBucket && log_bucket(row.label).has_value());
         });
}

Histogram read_logarithmic(const std::vector<SystemtapRow>& rows) {
  Histogram histogram;
  for (const SystemtapRow& row : rows) {
    if (row.count == 0) continue;
    Bucket bucket = *log_bucket(row.label);
    bucket.count = row.count;
    histogram.push_back(bucket);
  }
  return histogram;
}

// Neighbours tell; none: there are none.
std::optional<std::int64_t> width_of(const std::vector<SystemtapRow>& rows) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i - 1].kind != RowKind::kBucket || rows[i].kind != RowKind::kBucket) continue;
    const Number width = Number{rows[i].label} - rows[i - 1].label;
    if (width < 1 || width > kHighestLabel) return std::nullopt;
    return static_cast<std::int64_t>(width);
  }
  return std::nullopt;
}

std::optional<Histogram> read_linear(const std::vector<SystemtapRow>& rows) {
  const std::optional<std::int64_t> width = width_of(rows);
  if (!width) return std::nullopt;
  const auto behind = [&](std::int64_t label) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(label, *width - 1, &sum) ? kHighestLabel : sum;
  };
  if (!are_consecutive(rows, [&](std::int64_t label) { return Number{label} + *width; })) return std::nullopt;
  Histogram histogram;
  for (const SystemtapRow& row : rows) {
    if (row.count == 0) continue;
    const std::int64_t last = behind(row.label);
    if (row.kind == RowKind::kBelow) {
      if (row.label == kLowestLabel || !histogram.empty()) return std::nullopt;
      histogram.push_back({std::nullopt, row.label - 1, row.count});
    } else if (row.kind == RowKind::kAbove) {
      if (last == kHighestLabel) return std::nullopt;
      histogram.push_back({last + 1, std::nullopt, row.count});
    } else {
      histogram.push_back({row.label, last, row.count});
    }
  }
  return histogram;
}

}  // namespace

bool is_systemtap_header(std::string_view line) {
  line = without_blanks(line);
  if (!line.starts_with(kTitle) || !line.ends_with(kEnd)) return false;
  if (line.size() <= kTitle.size() + kEnd.size()) return false;
  line.remove_prefix(kTitle.size());
  line.remove_suffix(kEnd.size());
  return line.find_first_not_of('-') == std::string_view::npos;
}

bool may_become_systemtap_header(std::string_view line) {
  line = without_blanks(line);
  if (line.size() <= kTitle.size()) return kTitle.starts_with(line);
  if (!line.starts_with(kTitle)) return false;
  line.remove_prefix(kTitle.size());
  const std::size_t end = line.find_first_not_of('-');
  return end == std::string_view::npos || kEnd.starts_with(line.substr(end));
}

std::optional<SystemtapRow> parse_systemtap_row(std::string_view line) {
  SystemtapRow row;
  line = without_blanks(line);
  if (line == "~") return SystemtapRow{RowKind::kElided, 0, 0};
  if (line.starts_with('<') || line.starts_with('>')) {
    row.kind = line.front() == '<' ? RowKind::kBelow : RowKind::kAbove;
    line.remove_prefix(1);
  }
  if (!take_number(line, row.label) || !line.starts_with(" |")) return std::nullopt;
  line.remove_prefix(2);
  line.remove_prefix(std::min(line.find_first_not_of('@'), line.size()));
  line = without_blanks(line);
  if (!take_number(line, row.count) || !line.empty()) return std::nullopt;
  return row;
}

std::optional<SystemtapHistogram> read_systemtap_rows(const std::vector<SystemtapRow>& rows,
                                                      std::optional<MapKind> kind) {
  const bool is_logarithmic = kind != MapKind::kLhist && looks_logarithmic(rows);
  if (!is_logarithmic && kind == MapKind::kHist) return std::nullopt;
  std::optional<Histogram> histogram = is_logarithmic ? read_logarithmic(rows) : read_linear(rows);
  // Behind rows that were left out anything may follow.
  if (!histogram || !std::is_sorted(histogram->begin(), histogram->end(), is_below)) return std::nullopt;
  if (std::adjacent_find(histogram->begin(), histogram->end(), overlap) != histogram->end()) return std::nullopt;
  return SystemtapHistogram{is_logarithmic ? MapKind::kHist : MapKind::kLhist, *std::move(histogram)};
}

}  // namespace stapsh::client
