// SPDX-License-Identifier: Apache-2.0
#include "client/run/fleet_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "client/events/fold_names.h"
#include "client/options/check_options.h"

namespace stapsh::client {

std::string picked_text(std::span<const Target> targets, std::size_t picked_from) {
  std::vector<std::string> names;
  for (const Target& target : targets) names.push_back(target.name);
  return fmt::format("picked {} of {} targets: {}", names.size(), picked_from, fold_names(names));
}

std::optional<std::string> untravelled_text(std::span<const Target> targets, const JobOptions& job,
                                            const char* const* environment) {
  // Who is started here inherits them.
  const auto is_elsewhere = [](const Target& target) {
    return !std::holds_alternative<LocalUri>(target.uri.address) &&
           !std::holds_alternative<DirectUri>(target.uri.address);
  };
  if (runner_of(job) != RunnerKind::kBpftrace || std::ranges::none_of(targets, is_elsewhere)) return std::nullopt;
  std::vector<std::string_view> names;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable(*environment);
    const std::string_view name = variable.substr(0, variable.find('='));
    const auto is_given = [&](std::string_view each) { return each.substr(0, each.find('=')) == name; };
    if (name.starts_with("BPFTRACE_") && std::ranges::none_of(job.runner_environment, is_given)) names.push_back(name);
  }
  if (names.empty()) return std::nullopt;
  std::ranges::sort(names);
  return fmt::format("set here, and not on the targets: {}; --env=NAME=VALUE sets one there", fmt::join(names, ", "));
}

std::optional<std::string> waiting_text(TargetRuns runs) {
  const TargetRun* shown = nullptr;
  std::size_t count = 0;
  for (const auto& run : runs) {
    if (run->outcome()) continue;
    ++count;
    // One that says what it is at tells more than one that does not.
    if (!shown || run->state_text().size() > shown->state_text().size()) shown = run.get();
  }
  if (!shown) return std::nullopt;
  const std::string others = count > 1 ? fmt::format(" and {} more", count - 1) : "";
  return fmt::format("waiting for {} ({}){}", shown->target().name, shown->state_text(), others);
}

std::vector<std::string> plan_texts(TargetRuns runs) {
  std::vector<std::pair<std::string, std::vector<std::string>>> plans;
  for (const auto& run : runs) {
    if (run->plan().empty()) continue;
    const auto same =
        std::find_if(plans.begin(), plans.end(), [&](const auto& plan) { return plan.first == run->plan(); });
    auto& plan = same != plans.end() ? *same : plans.emplace_back(run->plan(), std::vector<std::string>());
    plan.second.push_back(run->target().name);
  }
  std::vector<std::string> texts;
  texts.reserve(plans.size());
  for (const auto& [plan, names] : plans) texts.push_back(fold_names(names) + ": " + plan);
  return texts;
}

}  // namespace stapsh::client
