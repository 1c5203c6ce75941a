// SPDX-License-Identifier: Apache-2.0
#include "client/output/report.h"

#include <fmt/format.h>

namespace stapsh::client {
namespace {

std::string ending(int exit_code) {
  return exit_code > 128 ? fmt::format("runner was ended by signal {} (exit code {})", exit_code - 128, exit_code)
                         : fmt::format("runner ended with exit code {}", exit_code);
}

// Only a released agent over a transport without an exit code leaves it open.
std::string untold_ending(const Outcome& outcome) {
  std::string text = "ended with an unknown exit code: its stapsh tells none over this transport";
  if (!outcome.has_output) text += "; nothing came of it, so it is taken for a failure";
  if (!outcome.reason.empty()) text += "; " + outcome.reason;
  return text;
}

// What was proved of the targets' cleanliness: "; all clean", or how many are what.
std::string remains_text(const std::vector<TargetResult>& results) {
  std::size_t clean = 0, left = 0, untouched = 0;
  for (const TargetResult& result : results) {
    if (result.outcome.remains == Outcome::Remains::kClean) ++clean;
    if (result.outcome.remains == Outcome::Remains::kLeft) ++left;
    if (result.outcome.remains == Outcome::Remains::kUntouched) ++untouched;
  }
  if (clean == results.size()) return "; all clean";
  std::string text = fmt::format("; {} clean", clean);
  if (left > 0) text += fmt::format(", {} with something left over", left);
  if (untouched > 0) text += fmt::format(", {} not touched", untouched);
  const std::size_t unknown = results.size() - clean - left - untouched;
  if (unknown > 0) text += fmt::format(", {} unknown", unknown);
  return text;
}

}  // namespace

std::vector<std::string> report_lines(const std::vector<TargetResult>& results) {
  std::vector<std::string> lines;
  std::size_t succeeded = 0, nonzero = 0, untold = 0, failed = 0, stopped = 0;
  for (const TargetResult& result : results) {
    const Outcome& outcome = result.outcome;
    switch (outcome.kind) {
      case Outcome::Kind::kEnded:
        if (outcome.exit_code == 0) {
          ++succeeded;
        } else {
          ++(outcome.exit_code ? nonzero : untold);
          lines.push_back(fmt::format("rstap: {}: {}{}", result.name,
                                      outcome.exit_code ? ending(*outcome.exit_code) : untold_ending(outcome),
                                      outcome.killed.empty() ? "" : "; killed " + outcome.killed));
        }
        break;
      case Outcome::Kind::kStopped:
        ++stopped;
        lines.push_back(fmt::format("rstap: {}: stopped before it ran", result.name));
        break;
      case Outcome::Kind::kFailed:
        ++failed;
        lines.push_back(fmt::format("rstap: {}: failed: {}", result.name, outcome.reason));
        break;
    }
  }
  for (const TargetResult& result : results) {
    for (const LeftLine& left : result.outcome.left) {
      if (left.kind == kUnknownKind) {
        lines.push_back(fmt::format("rstap: {}: unknown whether something is left over: {}", result.name, left.name));
        continue;
      }
      lines.push_back(fmt::format("rstap: {}: left over: {} {}", result.name, left.kind, left.name));
    }
  }
  std::string totals =
      fmt::format("rstap: {} target{}: {} succeeded", results.size(), results.size() == 1 ? "" : "s", succeeded);
  if (nonzero > 0) totals += fmt::format(", {} ended with an error", nonzero);
  if (untold > 0) totals += fmt::format(", {} ended with an unknown exit code", untold);
  if (failed > 0) totals += fmt::format(", {} failed", failed);
  if (stopped > 0) totals += fmt::format(", {} stopped before running", stopped);
  totals += remains_text(results);
  lines.push_back(std::move(totals));
  return lines;
}

}  // namespace stapsh::client
