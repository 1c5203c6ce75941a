// SPDX-License-Identifier: Apache-2.0
// What is the same in all pictures of an answer by host: which hosts share a row, what it is called, in which order
// rows stand. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "client/answers/unlike_hosts.h"

namespace stapsh::client {

/// A host's part of a picture: numbers, whatever they mean there.
struct HostRow {
  std::size_t target = 0;
  std::vector<double> cells;
  double amount = 0;  ///< All that it has.
};

/// What is drawn in one line.
struct RowGroup {
  std::vector<std::size_t> rows;  ///< Of HostRow; never empty.
  bool unlike = false;            ///< It is one host, which differs from the others.
  std::string name;               ///< Folded, with the number of hosts if they are several; not cut.
};

struct GroupOptions {
  std::size_t groups_max = 40;
  double distance_max = 0;  ///< Of AlikeOptions.
};

/// The largest group first, then single hosts, those of `unlike` last.
std::vector<RowGroup> group_rows(std::span<const HostRow> rows, std::span<const std::string> names,
                                 std::span<const UnlikeHost> unlike, const GroupOptions& options,
                                 const std::function<double(const HostRow&, const HostRow&)>& distance);

/// How wide names are shown: as they are, at most `columns_max`.
std::size_t name_columns(std::span<const RowGroup> groups, std::size_t columns_max);
/// "  web[01-38] (38)", "! web17", in two columns and `columns`; the number stays where the name is cut.
std::string row_head(const RowGroup& group, std::size_t columns);

}  // namespace stapsh::client
