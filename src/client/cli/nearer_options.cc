// SPDX-License-Identifier: Apache-2.0
#include "client/cli/nearer_options.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace stapsh::client {
namespace {

using Names = std::span<const std::string_view>;

/// Who says one of `deciding` means neither what farther sources say of these, nor what they say of `dependent`.
struct Subject {
  Names deciding, dependent;
};

constexpr std::array<std::string_view, 2> kTargets{"remote", "inventory"}, kLabels{"label", "remote-prefix"};
constexpr std::array<std::string_view, 4> kSomeOfThem{"limit", "exclude", "selector", "pick"};
constexpr std::array kSubjects{Subject{kTargets, kSomeOfThem}, Subject{kLabels, {}}};

bool is_one_of(const GivenOption& given, Names names) {
  return std::ranges::find(names, given.option->long_name()) != names.end();
}

}  // namespace

void keep_nearer(std::vector<GivenOption>& options) {
  for (const Subject& subject : kSubjects) {
    OptionSource nearest = OptionSource::kFile;
    for (const GivenOption& given : options) {
      if (is_one_of(given, subject.deciding)) nearest = std::max(nearest, given.source);
    }
    std::erase_if(options, [&](const GivenOption& given) {
      return given.source < nearest && (is_one_of(given, subject.deciding) || is_one_of(given, subject.dependent));
    });
  }
}

void leave_out_written(std::vector<GivenOption>& options, bool runs_nothing) {
  constexpr std::array<std::string_view, 1> kDryRun{"dry-run"}, kResume{"resume-failed"}, kJoblog{"joblog"};
  constexpr std::array<std::string_view, 6> kWritten{"record", "outdir", "errdir", "report", "folded", "metrics"};
  const auto has = [&](Names names) {
    return std::ranges::any_of(options, [&](const GivenOption& given) { return is_one_of(given, names); });
  };
  if (!runs_nothing && !has(kDryRun)) return;
  const bool reads_joblog = has(kResume);
  std::erase_if(options, [&](const GivenOption& given) {
    if (given.source == OptionSource::kWords) return false;
    return is_one_of(given, kWritten) || (!reads_joblog && is_one_of(given, kJoblog));
  });
}

}  // namespace stapsh::client
