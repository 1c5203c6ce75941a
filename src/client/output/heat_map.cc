// SPDX-License-Identifier: Apache-2.0
#include "client/output/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/overloaded.h"
#include "client/answers/largest_keys.h"
#include "client/answers/quantile.h"
#include "client/output/answer_text.h"
#include "client/output/bar.h"
#include "client/output/columns.h"
#include "client/output/heat_cells.h"
#include "client/output/histogram_rows.h"
#include "client/output/host_rows.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kKeysDefault = 5;
constexpr std::size_t kColumnsMin = 40;
constexpr std::size_t kCellColumnsMax = 6;
constexpr std::string_view kAmountHead = "per host";
constexpr std::size_t kTableCellMin = 9, kTableCellMax = 16;
constexpr std::size_t kRowsOfKeyMin = 5;
// Two distributions that nobody would tell apart in ten shades (a distance of Hellinger's), and amounts so near that
// only the number beside them says so.
// So many hosts have a row each, unless they say the same; of more, those within this part of the largest share one.
constexpr std::size_t kNumbersApartMax = 16;
constexpr double kNumbersAlike = 0.04;
constexpr double kShapeAlike = 0.08, kAmountAlike = 1.0;

class HeatMap {
 public:
  HeatMap(const Answer& answer, std::span<const std::string> names, std::span<const UnlikeHost> unlike,
          const HeatLook& look)
      : answer_(answer), names_(names), unlike_(unlike), look_(look) {
    look_.columns = std::max(look_.columns, kColumnsMin);
  }

  std::vector<std::string> lines() && {
    if (answer_.hosts.size() < 2) return {};
    switch (answer_.kind) {
      case MapKind::kHist:
      case MapKind::kLhist:
        draw_histograms();
        break;
      case MapKind::kOther:
        break;  // It stands by host already.
      case MapKind::kCount:
      case MapKind::kSum:
      case MapKind::kMin:
      case MapKind::kMax:
      case MapKind::kAvg:
      case MapKind::kStats:
        answer_.keyed ? draw_table() : draw_bars();
        break;
    }
    for (std::string& line : lines_) line.resize(line.find_last_not_of(' ') + 1);
    return std::move(lines_);
  }

 private:
  void draw_histograms();
  void draw_histogram(KeyIndex key, std::size_t groups_max);
  void draw_bars();
  void draw_table();
  [[nodiscard]] std::vector<KeyIndex> largest_keys() const {
    return client::largest_keys(answer_, look_.top.value_or(kKeysDefault));
  }
  void say_shades(std::string_view what);

  const Answer& answer_;
  std::span<const std::string> names_;
  std::span<const UnlikeHost> unlike_;
  HeatLook look_;
  std::vector<std::string> lines_;
};

// Neighbouring buckets of a histogram, as many to a column as must be for all to fit.
struct BucketColumns {
  Histogram buckets;
  std::size_t of_column = 1;  // Buckets.
  std::size_t cell_columns = 1;

  BucketColumns(const Histogram& fleet, std::size_t room) : buckets(filled_buckets(fleet)) {
    if (buckets.empty()) return;
    of_column = (buckets.size() + room - 1) / room;
    cell_columns = std::clamp<std::size_t>(room / size(), 1, kCellColumnsMax);
  }

  [[nodiscard]] std::size_t size() const { return (buckets.size() + of_column - 1) / of_column; }

  // By column: the part of all values that lies there.
  [[nodiscard]] HostRow row_of(std::size_t target, const Histogram& histogram) const {
    HostRow row{target, std::vector<double>(size()), 0};
    std::size_t at = 0;
    for (const Bucket& bucket : histogram) {
      while (at + 1 < buckets.size() && is_below(buckets[at], bucket)) ++at;
      row.cells[at / of_column] += static_cast<double>(bucket.count);
      row.amount += static_cast<double>(bucket.count);
    }
    for (double& cell : row.cells) cell /= std::max(row.amount, 1.0);
    return row;
  }

  // Where each bucket begins, as far as there is room.
  [[nodiscard]] std::string header() const {
    std::string text;
    for (std::size_t column = 0; column < size(); ++column) {
      const std::string label = bucket_begin_label(buckets[column * of_column]);
      const std::size_t at = column * cell_columns;
      if (at + label.size() > size() * cell_columns && column > 0) continue;
      if (column > 0 && at < text.size() + 1) continue;
      text.append(at - text.size(), ' ');
      text += label;
    }
    return text;
  }
};

// How far apart two distributions are, 0 to 1, less what chance makes of two samples of one.
double shape_distance(const HostRow& one, const HostRow& other) {
  double common = 0;
  std::size_t used = 0;
  for (std::size_t i = 0; i < one.cells.size(); ++i) {
    common += std::sqrt(one.cells[i] * other.cells[i]);
    used += one.cells[i] > 0 || other.cells[i] > 0 ? 1 : 0;
  }
  const double chance =
      static_cast<double>(used) / 8 * (1 / std::max(one.amount, 1.0) + 1 / std::max(other.amount, 1.0));
  return std::sqrt(std::max(1 - common - 2 * chance, 0.0));
}

double histogram_distance(const HostRow& one, const HostRow& other) {
  const double doublings = std::fabs(std::log2((one.amount + 1) / (other.amount + 1)));
  return std::max(shape_distance(one, other) / kShapeAlike, doublings / kAmountAlike);
}

// Largest absolute value of each cell, over all rows.
std::vector<double> largest_cells(std::span<const HostRow> rows, std::size_t cells) {
  std::vector<double> most(cells);
  for (const HostRow& row : rows) {
    for (std::size_t i = 0; i < cells; ++i) {
      if (!std::isnan(row.cells[i])) most[i] = std::max(most[i], std::fabs(row.cells[i]));
    }
  }
  return most;
}

// As they look beside the largest: 0 to 2.
double number_distance(const HostRow& one, const HostRow& other, std::span<const double> most) {
  double farthest = 0;
  for (std::size_t i = 0; i < one.cells.size(); ++i) {
    const double a = one.cells[i], b = other.cells[i];
    if (std::isnan(a) && std::isnan(b)) continue;
    if (std::isnan(a) || std::isnan(b)) return 2;
    if (a != b) farthest = std::max(farthest, std::fabs(a - b) / most[i]);
  }
  return farthest;
}

std::vector<RowGroup> group_numbers(std::span<const HostRow> rows, std::span<const std::string> names,
                                    std::span<const UnlikeHost> unlike, std::size_t groups_max,
                                    std::span<const double> most) {
  const double alike = rows.size() > kNumbersApartMax ? kNumbersAlike : 0;
  return group_rows(rows, names, unlike, {groups_max, alike},
                    [&](const HostRow& one, const HostRow& other) { return number_distance(one, other, most); });
}

double mean_of(std::span<const HostRow> rows, const RowGroup& group, std::size_t cell) {
  double total = 0;
  std::size_t hosts = 0;
  for (const std::size_t row : group.rows) {
    if (std::isnan(rows[row].cells[cell])) continue;
    total += rows[row].cells[cell];
    ++hosts;
  }
  return hosts == 0 ? std::nan("") : total / static_cast<double>(hosts);
}

double mean_amount(std::span<const HostRow> rows, const RowGroup& group) {
  double total = 0;
  for (const std::size_t row : group.rows) total += rows[row].amount;
  return total / static_cast<double>(group.rows.size());
}

// What stands for a value that has more than one number: a mean, as where hosts are compared.
std::optional<double> number_of(const Value& value) {
  return std::visit(Overloaded{
                        [](Number number) -> std::optional<double> { return to_double(number); },
                        [](const Stats& stats) -> std::optional<double> {
                          if (stats.count == 0) return std::nullopt;
                          return to_double(stats.total) / to_double(stats.count);
                        },
                        [](const auto&) -> std::optional<double> { return std::nullopt; },
                    },
                    value);
}

void HeatMap::say_shades(std::string_view what) {
  std::string line = fmt::format("  by host; shade: {}: ", what);
  constexpr std::size_t kScaleColumns = 2 * kShades + 10;
  if (line.size() + kScaleColumns > look_.columns) line = "  by host: ";
  if (look_.coloured) {
    line += "none ";
    for (std::size_t shade = 0; shade < kShades; ++shade) append_cell(line, shade, 2, true);
    line += " most";
  } else {
    line += '"';
    for (std::size_t shade = 0; shade < kShades; ++shade) line += shade_character(shade);
    line += '"';
  }
  lines_.push_back(std::move(line));
}

void HeatMap::draw_histograms() {
  const std::vector<KeyIndex> keys = largest_keys();
  std::size_t drawn = 0;
  for (const KeyIndex key : keys) drawn += std::holds_alternative<Histogram>(answer_.sums[key]) ? 1 : 0;
  if (drawn == 0) return;
  say_shades("part of the host's own values");
  const std::size_t heads = answer_.keyed ? 2 : 1;
  const std::size_t room = look_.lines_max > 1 ? (look_.lines_max - 1) / drawn : 0;
  const std::size_t groups_max = std::max(room > heads ? room - heads : 0, kRowsOfKeyMin);
  for (const KeyIndex key : keys) {
    if (std::holds_alternative<Histogram>(answer_.sums[key])) draw_histogram(key, groups_max);
  }
}

void HeatMap::draw_histogram(KeyIndex key, std::size_t groups_max) {
  // The room for cells depends on the names, those on groups, and groups on cells: names get a part of the line.
  const std::size_t names_max = look_.columns / 3;
  const std::size_t fixed = 2 + 1 + 1 + kAmountHead.size();
  const Histogram& fleet = std::get<Histogram>(answer_.sums[key]);
  const BucketColumns compared(fleet, look_.columns - fixed - names_max);
  if (compared.buckets.empty()) return;
  std::vector<HostRow> rows;
  for (const HostValues& host : answer_.hosts) {
    const std::optional<Value> value = host.find(key);
    const auto* histogram = value ? std::get_if<Histogram>(&*value) : nullptr;
    if (histogram != nullptr) rows.push_back(compared.row_of(host.target(), *histogram));
  }
  const std::vector<RowGroup> groups = group_rows(rows, names_, unlike_, {groups_max, 1.0}, histogram_distance);
  const std::size_t names = name_columns(groups, names_max);
  const BucketColumns shown(fleet, look_.columns - fixed - names);
  // Wider cells of the same buckets, unless there was no room for each: then rows stay what they are.
  const BucketColumns& columns = shown.of_column == compared.of_column ? shown : compared;

  double most = 0;
  for (const RowGroup& group : groups) {
    for (std::size_t cell = 0; cell < columns.size(); ++cell) most = std::max(most, mean_of(rows, group, cell));
  }
  if (answer_.keyed) lines_.push_back("  " + fit_columns(key_text(answer_.keys[key]) + ":", look_.columns - 2));
  const std::size_t width = columns.size() * columns.cell_columns;
  lines_.push_back(fmt::format("  {} {} {}", std::string(names, ' '), padded(columns.header(), width), kAmountHead));
  for (const RowGroup& group : groups) {
    std::string line = row_head(group, names) + " ";
    // Neighbours of one shade are one piece: a screen is drawn again each second, maybe over a slow line.
    for (std::size_t cell = 0; cell < columns.size();) {
      const std::size_t begin = cell, shade = shade_of(mean_of(rows, group, cell) / most);
      while (cell < columns.size() && shade_of(mean_of(rows, group, cell) / most) == shade) ++cell;
      append_cell(line, shade, (cell - begin) * columns.cell_columns, look_.coloured);
    }
    lines_.push_back(line + fmt::format(" {:>{}}", short_number(mean_amount(rows, group)), kAmountHead.size()));
  }
}

void HeatMap::draw_bars() {
  std::vector<HostRow> rows;
  for (const HostValues& host : answer_.hosts) {
    const std::optional<Value> value = host.find(0);
    const std::optional<double> number = value ? number_of(*value) : std::nullopt;
    if (number) rows.push_back({host.target(), {*number}, *number});
  }
  if (rows.size() < 2) return;
  const std::size_t groups_max = std::max(look_.lines_max > 1 ? look_.lines_max - 1 : 0, kRowsOfKeyMin);
  const std::vector<double> most = largest_cells(rows, 1);
  std::vector<RowGroup> groups = group_numbers(rows, names_, unlike_, groups_max, most);
  std::ranges::stable_sort(groups, std::greater{}, [&](const RowGroup& group) { return mean_amount(rows, group); });

  const std::size_t names = name_columns(groups, look_.columns / 3);
  std::vector<std::string> values;
  std::size_t value_columns = 0;
  for (const RowGroup& group : groups) {
    const auto [low, high] = std::ranges::minmax(group.rows, {}, [&](std::size_t row) { return rows[row].amount; });
    const std::string from = short_number(rows[low].amount), to = short_number(rows[high].amount);
    values.push_back(from == to ? from : from + ".." + to);
    value_columns = std::max(value_columns, values.back().size());
  }
  const std::size_t bar_columns = std::min(kBarColumns, look_.columns - 2 - names - 1 - value_columns - 3);
  lines_.push_back(answer_.kind == MapKind::kStats ? "  by host, averages:" : "  by host:");
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const double mean = std::fabs(mean_amount(rows, groups[i]));
    lines_.push_back(fmt::format("{} {:>{}} |{}|", row_head(groups[i], names), values[i], value_columns,
                                 bar(mean, most.front(), bar_columns)));
  }
}

void HeatMap::draw_table() {
  std::vector<KeyIndex> keys = largest_keys();
  const std::size_t names_max = look_.columns / 3;
  keys.resize(std::min(keys.size(), (look_.columns - 2 - names_max) / kTableCellMin));
  std::vector<HostRow> rows;
  for (const HostValues& host : answer_.hosts) {
    HostRow row{host.target(), {}, 0};
    for (const KeyIndex key : keys) {
      const std::optional<Value> value = host.find(key);
      row.cells.push_back((value ? number_of(*value) : std::nullopt).value_or(std::nan("")));
    }
    rows.push_back(std::move(row));
  }
  const std::size_t groups_max = std::max(look_.lines_max > 2 ? look_.lines_max - 2 : 0, kRowsOfKeyMin);
  const std::vector<double> most = largest_cells(rows, keys.size());
  const std::vector<RowGroup> groups = group_numbers(rows, names_, unlike_, groups_max, most);
  const std::size_t names = name_columns(groups, names_max);
  const std::size_t cell =
      std::clamp((look_.columns - 2 - names) / std::max<std::size_t>(keys.size(), 1), kTableCellMin, kTableCellMax);
  say_shades("beside the key's largest");
  std::string header(2 + names, ' ');
  for (const KeyIndex key : keys) {
    const std::string text = key_text(answer_.keys[key]);
    const std::string name = padded(text, std::min(columns_of(text), cell - (look_.coloured ? 1 : 3)));
    header +=
        std::string(cell - columns_of(name) - (look_.coloured ? 0 : 2), ' ') + name + (look_.coloured ? "" : "  ");
  }
  lines_.push_back(std::move(header));
  for (const RowGroup& group : groups) {
    std::string line = row_head(group, names);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const double mean = mean_of(rows, group, i);
      const std::size_t shade = std::isnan(mean) ? 0 : shade_of(std::fabs(mean) / most[i]);
      const std::string number = std::isnan(mean) ? "-" : short_number(mean);
      line += ' ';
      if (look_.coloured) {
        append_cell_text(line, shade, fmt::format("{:>{}}", number, cell - 1), true);
      } else {
        line += fmt::format("{:>{}} {}", number, cell - 3, shade_character(shade));
      }
    }
    lines_.push_back(std::move(line));
  }
}

}  // namespace

std::vector<std::string> heat_map_lines(const Answer& answer, std::span<const std::string> names,
                                        std::span<const UnlikeHost> unlike, const HeatLook& look) {
  return HeatMap(answer, names, unlike, look).lines();
}

}  // namespace stapsh::client
