// SPDX-License-Identifier: Apache-2.0
#include "session/runner_check.h"

#include "protocol/version.h"

namespace stapsh {
namespace {

constexpr Version kFirstWithSignalProbe{0, 22};  // bpftrace's.

}  // namespace

std::string why_it_cant_run(const FoundRunners& runners, RunnerKind kind, std::string_view built_by) {
  const std::string name(runner_name(kind));
  const FoundRunner* const runner = find(runners, kind);
  if (runner == nullptr) return "it has no " + name + "; install " + std::string(runner_entry(kind).package) + " there";
  if (runner->denied) return "its user may not execute " + name + "; " + std::string(denied_advice(kind));
  if (kind != RunnerKind::kStaprun || built_by.empty() || runner->version.empty()) return {};
  const bool old_module = parse_version(built_by) < kFirstWithMarks;
  const bool old_runner = parse_version(runner->version) < kFirstWithMarks;
  if (old_module == old_runner) return {};
  return "the module was built by systemtap " + std::string(built_by) + ", and its staprun is " + runner->version +
         ": they don't understand each other across 5.0; build it by systemtap " +
         (old_runner ? "before 5.0" : "5.0 or later") + ", or install " +
         (old_module ? "one before 5.0" : "5.0 or later") + " there";
}

std::optional<bool> prints_maps_by_probe(const FoundRunners& runners) {
  const FoundRunner* const bpftrace = find(runners, RunnerKind::kBpftrace);
  if (bpftrace == nullptr || bpftrace->version.empty()) return std::nullopt;
  return parse_version(bpftrace->version) >= kFirstWithSignalProbe;
}

}  // namespace stapsh
