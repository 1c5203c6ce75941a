// SPDX-License-Identifier: Apache-2.0
#include "client/output/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/shown_text.h"
#include "client/output/folded_lines.h"

namespace stapsh::client {
namespace {

// All of it is a screen, whatever happened.
constexpr std::size_t kFailureLinesMax = 14;
constexpr std::size_t kLeftLinesMax = 5;
constexpr std::size_t kLeftOfTargetMax = 5;
constexpr std::size_t kReasonBytesMax = 1'000;
constexpr std::size_t kLeftBytesMax = 200;
constexpr std::string_view kRefused = "refused: ";

std::string ending(const Outcome& outcome) {
  return outcome.signal
             ? fmt::format("runner was ended by signal {} (exit code {})", *outcome.signal, *outcome.exit_code)
             : fmt::format("runner ended with exit code {}", *outcome.exit_code);
}

// Only a released agent over a transport without an exit code leaves it open.
std::string untold_ending(bool has_output, const std::string& reason) {
  std::string text = "ended with an unknown exit code: its stapsh tells none over this transport";
  if (!has_output) text += "; nothing came of it, so it is taken for a failure";
  if (!reason.empty()) text += "; " + reason;
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

std::string left_text(const LeftLine& left) {
  const std::string name = shown_text(left.name, kLeftBytesMax);
  if (left.kind == kUnknownKind) return "unknown whether something is left over: " + name;
  return "left over: " + shown_text(left.kind, kLeftBytesMax) + " " + name;
}

std::string_view plural(std::size_t count) { return count == 1 ? "" : "s"; }

std::string totals(const std::vector<TargetResult>& results) {
  std::size_t succeeded = 0, nonzero = 0, untold = 0, failed = 0, stopped = 0;
  for (const TargetResult& result : results) {
    const Outcome& outcome = result.outcome;
    if (outcome.kind == Outcome::Kind::kEnded)
      ++(!outcome.exit_code ? untold : *outcome.exit_code == 0 ? succeeded : nonzero);
    if (outcome.kind == Outcome::Kind::kStopped) ++stopped;
    if (outcome.kind == Outcome::Kind::kFailed) ++failed;
  }
  std::string text = fmt::format("{} target{}: {} succeeded", results.size(), plural(results.size()), succeeded);
  if (nonzero > 0) text += fmt::format(", {} ended with an error", nonzero);
  if (untold > 0) text += fmt::format(", {} ended with an unknown exit code", untold);
  if (failed > 0) text += fmt::format(", {} failed", failed);
  if (stopped > 0) text += fmt::format(", {} stopped before running", stopped);
  return text + remains_text(results);
}

// What is left on all targets; of one that names a thousand things, the first few.
void add_left(std::vector<std::string>& lines, const std::vector<TargetResult>& results) {
  FoldedLines left;
  std::size_t more = 0;
  for (const TargetResult& result : results) {
    const std::vector<LeftLine>& of_target = result.outcome.left;
    const std::size_t shown = std::min(of_target.size(), kLeftOfTargetMax);
    for (std::size_t i = 0; i < shown; ++i) left.add(result.name, left_text(of_target[i]));
    more += of_target.size() - shown;
  }
  FoldedLines::Folded folded = left.fold(kLeftLinesMax);
  lines.insert(lines.end(), folded.lines.begin(), folded.lines.end());
  if (const std::size_t unsaid = more + folded.more_times; unsaid > 0) {
    lines.push_back(fmt::format("and {} more left over", unsaid));
  }
}

// What was brought to targets, and stays there as it was asked to.
void add_kept(std::vector<std::string>& lines, const std::vector<TargetResult>& results) {
  FoldedLines kept;
  for (const TargetResult& result : results) {
    const auto add = [&](std::string_view what, const std::string& path) {
      if (!path.empty()) kept.add(result.name, std::string(what) + shown_text(path, kLeftBytesMax));
    };
    add("its agent is kept there: ", result.outcome.kept);
    add("its modules are kept there: ", result.outcome.kept_modules);
  }
  FoldedLines::Folded folded = kept.fold(kLeftLinesMax);
  lines.insert(lines.end(), folded.lines.begin(), folded.lines.end());
  if (folded.more_times > 0) lines.push_back(fmt::format("and {} more kept", folded.more_times));
}

}  // namespace

std::string failure_text(const Outcome& outcome) {
  const std::string reason = shown_text(outcome.reason, kReasonBytesMax);
  switch (outcome.kind) {
    case Outcome::Kind::kEnded:
      return (outcome.exit_code ? ending(outcome) : untold_ending(outcome.has_output, reason)) +
             (outcome.killed.empty() ? "" : "; killed " + shown_text(outcome.killed, kReasonBytesMax));
    case Outcome::Kind::kStopped:
      return reason.empty() ? "stopped before it ran" : "stopped before it ran: " + reason;
    case Outcome::Kind::kFailed:
      // It is nobody's fault: the owner of that machine does not allow it.
      return reason.starts_with(kRefused) ? reason : "failed: " + reason;
  }
  return {};
}

bool is_success(const Outcome& outcome) { return outcome.kind == Outcome::Kind::kEnded && outcome.exit_code == 0; }

std::vector<std::string> report_lines(const std::vector<TargetResult>& results, const ReportOptions& options) {
  FoldedLines failures;
  for (const TargetResult& result : results) {
    if (!is_success(result.outcome)) failures.add(result.name, failure_text(result.outcome));
  }
  FoldedLines::Folded folded = failures.fold(kFailureLinesMax);
  std::vector<std::string> lines = std::move(folded.lines);
  if (folded.more_texts > 0) {
    lines.push_back(fmt::format("and {} more target{}, for {} other reason{}", folded.more_times,
                                plural(folded.more_times), folded.more_texts, plural(folded.more_texts)));
  }
  add_left(lines, results);
  if (!options.quiet) add_kept(lines, results);
  if (!options.hint.empty()) lines.push_back(options.hint);
  if (!options.quiet) lines.push_back(totals(results));
  for (std::string& line : lines) line.insert(0, "rstap: ");
  return lines;
}

}  // namespace stapsh::client
