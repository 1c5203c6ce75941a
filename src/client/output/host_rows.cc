// SPDX-License-Identifier: Apache-2.0
#include "client/output/host_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/events/fold_names.h"
#include "client/output/alike_rows.h"
#include "client/output/columns.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kAloneMax = 10;  // Of more, those that are alike are seen better in a row of theirs.

std::string number_text(const RowGroup& group) {
  return group.rows.size() > 1 ? fmt::format(" ({})", group.rows.size()) : std::string();
}

}  // namespace

std::vector<RowGroup> group_rows(std::span<const HostRow> rows, std::span<const std::string> names,
                                 std::span<const UnlikeHost> unlike, const GroupOptions& options,
                                 const std::function<double(const HostRow&, const HostRow&)>& distance) {
  // The farthest stand first there; if half of all hosts are said to differ, it is no news of any of them.
  std::vector<bool> alone(names.size());
  const std::size_t alone_max = std::clamp<std::size_t>(options.groups_max / 2, 1, kAloneMax);
  for (const UnlikeHost& host : unlike.subspan(0, std::min(unlike.size(), alone_max))) alone[host.target] = true;
  std::vector<bool> row_alone;
  row_alone.reserve(rows.size());
  for (const HostRow& row : rows) row_alone.push_back(alone[row.target]);

  const auto alike = group_alike(row_alone, {options.groups_max, options.distance_max},
                                 [&](std::size_t a, std::size_t b) { return distance(rows[a], rows[b]); });
  std::vector<RowGroup> groups;
  for (const std::vector<std::size_t>& members : alike) {
    std::vector<std::string> hosts;
    hosts.reserve(members.size());
    for (const std::size_t row : members) hosts.push_back(names[rows[row].target]);
    RowGroup group{members, members.size() == 1 && row_alone[members.front()], fold_names(hosts)};
    groups.push_back(std::move(group));
  }
  std::ranges::stable_sort(groups, {}, [](const RowGroup& group) {
    return std::pair(group.unlike, -static_cast<std::ptrdiff_t>(group.rows.size()));
  });
  return groups;
}

std::size_t name_columns(std::span<const RowGroup> groups, std::size_t columns_max) {
  std::size_t columns = 0;
  for (const RowGroup& group : groups) {
    columns = std::max(columns, columns_of(group.name) + number_text(group).size());
  }
  return std::min(columns, columns_max);
}

std::string row_head(const RowGroup& group, std::size_t columns) {
  const std::string number = number_text(group);
  const std::size_t left = columns - std::min(columns, number.size());
  const std::string head = group.unlike ? "! " : "  ";
  if (columns_of(group.name) <= left) return head + padded(group.name + number, columns);
  return head + padded(group.name, left) + number;
}

}  // namespace stapsh::client
