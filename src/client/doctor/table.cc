// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/shown_text.h"
#include "client/events/fold_names.h"

namespace stapsh::client {
namespace {

constexpr std::array<std::string_view, 16> kRows{"ssh",    "stap",   "headers", "way in", "agent",   "runner",
                                                 "kernel", "policy", "tracefs", "btf",    "kprobes", "lockdown",
                                                 "rights", "folder", "clock",   "build"};
constexpr std::array<std::string_view, 4> kMarks{"ok", "WARN", "FAIL", "?"};  // As Check::State counts.
constexpr std::size_t kNamesWidthMax = 32;

struct Row {
  const Check* check;
  std::vector<std::string> names;
  std::string host;  // Of the only target.
};

std::vector<Row> rows_of(std::span<const TargetVerdict> targets, std::string_view name) {
  std::vector<Row> rows;
  for (const TargetVerdict& target : targets) {
    for (const Check& check : target.checks) {
      if (check.name != name) continue;
      const auto same = std::ranges::find_if(rows, [&](const Row& row) { return *row.check == check; });
      if (same == rows.end()) {
        rows.push_back({&check, {target.name}, target.ssh_words});
      } else {
        same->names.push_back(target.name);
        same->host = "HOST";
      }
    }
  }
  // What is to be mended stands below what is well.
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.check->state == Check::State::kFailure; });
  return rows;
}

std::string names_of(const Row& row) { return row.check->is_here ? "here" : shown_text(fold_names(row.names)); }

std::string_view summary_verb(bool works, bool any_others) {
  if (works) return "a run of {} would work";
  return any_others ? "it would not" : "a run of {} would not work";
}

}  // namespace

std::string verdict_table(std::span<const TargetVerdict> targets, std::string_view what) {
  std::vector<Row> rows;
  for (const std::string_view name : kRows) {
    for (Row& row : rows_of(targets, name)) rows.push_back(std::move(row));
  }
  std::size_t width = 7;  // Of "TARGETS".
  for (const Row& row : rows) width = std::max(width, std::min(names_of(row).size(), kNamesWidthMax));
  std::string text = fmt::format("{:<9} {:<4}  {:<{}}  {}\n", "CHECK", "", "TARGETS", width, "ANSWER");
  std::string_view before;
  for (const Row& row : rows) {
    const Check& check = *row.check;
    text += fmt::format("{:<9} {:<4}  {:<{}}  {}\n", check.name == before ? "" : check.name,
                        kMarks[static_cast<std::size_t>(check.state)], names_of(row), width, shown_text(check.text));
    before = check.name;
    if (check.mend.empty()) continue;
    text +=
        fmt::format("{:<{}}  {}\n", "", width + 16, shown_text(mend_for(check, row.host.empty() ? "HOST" : row.host)));
  }
  std::vector<std::string> names[2];
  for (const TargetVerdict& target : targets) names[target.works() ? 1 : 0].push_back(target.name);
  for (const bool works : {true, false}) {
    if (names[works].empty()) continue;
    const std::string_view verb = summary_verb(works, !names[1].empty());
    text += fmt::format("{}: {}\n", shown_text(fold_names(names[works])),
                        fmt::format(fmt::runtime(verb), shown_text(what)));
  }
  return text;
}

}  // namespace stapsh::client
