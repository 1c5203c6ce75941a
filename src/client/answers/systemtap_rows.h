// SPDX-License-Identifier: Apache-2.0
// The rows of a histogram as systemtap prints it, and what they say. Nothing documents them but systemtap's
// runtime/stat-common.c; tests/answers/samples/histograms.stap48 is what 4.8 printed in a guest.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "client/answers/map_kind.h"
#include "client/answers/value.h"

namespace stapsh::client {

struct SystemtapRow {
  enum class Kind {
    kBucket,
    kBelow,   ///< "<A": what is smaller.
    kAbove,   ///< ">B": what is larger than all of the bucket B.
    kElided,  ///< "~": empty buckets were left out.
  } kind = Kind::kBucket;
  std::int64_t label = 0;
  std::uint64_t count = 0;
};

/// "value |---- count"; nothing else may stand in the line.
bool is_systemtap_header(std::string_view line);
/// Whether more bytes could make it one.
bool may_become_systemtap_header(std::string_view line);
std::optional<SystemtapRow> parse_systemtap_row(std::string_view line);

struct SystemtapHistogram {
  MapKind kind = MapKind::kHist;  ///< Or kLhist, of @hist_linear.
  Histogram histogram;
};
/// None: they are no histogram, or don't say how wide its buckets are. `kind`: which it is; else its looks decide, and
/// a linear one of few buckets can look like the other.
std::optional<SystemtapHistogram> read_systemtap_rows(const std::vector<SystemtapRow>& rows,
                                                      std::optional<MapKind> kind = std::nullopt);

}  // namespace stapsh::client
