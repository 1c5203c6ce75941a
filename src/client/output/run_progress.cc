// SPDX-License-Identifier: Apache-2.0
#include "client/output/run_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "client/events/run_result.h"
#include "client/output/shown_names.h"

namespace stapsh::client {
namespace {

constexpr Duration kMeasuredTime = std::chrono::seconds(1);

std::size_t count_lines(std::string_view bytes) {
  std::size_t lines = 0;
  while (!bytes.empty()) {
    const auto* newline = static_cast<const char*>(std::memchr(bytes.data(), '\n', bytes.size()));
    if (newline == nullptr) break;
    ++lines;
    bytes.remove_prefix(static_cast<std::size_t>(newline - bytes.data()) + 1);
  }
  return lines;
}

constexpr std::size_t index_of(TargetState state) { return static_cast<std::size_t>(state); }

}  // namespace

void RunProgress::on_event(const Event& event) {
  if (const auto* output = std::get_if<event::Output>(&event.what)) {
    lines_ += count_lines(output->bytes);
  } else if (const auto* started = std::get_if<event::RunStarted>(&event.what)) {
    names_ = shown_names(*started);
    states_.assign(names_.size(), index_of(TargetState::kConnecting));
    counts_[index_of(TargetState::kConnecting)] = names_.size();
  } else if (const auto* changed = std::get_if<event::StateChanged>(&event.what)) {
    move(*event.target, index_of(changed->state));
  } else if (const auto* ended = std::get_if<event::Ended>(&event.what)) {
    const bool stopped = ended->outcome.kind == Outcome::Kind::kStopped;
    const TargetState state = is_failure(ended->outcome) ? TargetState::kFailed : TargetState::kDone;
    move(*event.target, stopped ? kStopped : index_of(state));
  }
}

void RunProgress::move(std::size_t target, std::size_t state) {
  --counts_[states_.at(target)];
  ++counts_[states_[target] = state];
}

void RunProgress::measure(TimePoint now) {
  const Duration passed = now - measured_at_;
  if (passed < kMeasuredTime) return;
  const double seconds = std::chrono::duration<double>(passed).count();
  if (measured_at_ != TimePoint{} && lines_ > 0) {
    lines_per_second_ = static_cast<std::uint64_t>(std::llround(static_cast<double>(lines_ - lines_before_) / seconds));
  }
  lines_before_ = lines_;
  measured_at_ = now;
}

std::string RunProgress::text(TimePoint now) {
  measure(now);
  std::string text;
  for (std::size_t state = 0; state < counts_.size(); ++state) {
    if (counts_[state] == 0) continue;
    const std::string_view name = state == kStopped ? "stopped" : state_name(static_cast<TargetState>(state));
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts_[state], name);
  }
  if (lines_per_second_) text += fmt::format("; {} line{}/s", *lines_per_second_, *lines_per_second_ == 1 ? "" : "s");
  return text + waited_for();
}

// Who holds up the others: what is stopping; else who is least far; else who still runs while others have ended.
std::string RunProgress::waited_for() const {
  using enum TargetState;
  for (const TargetState state : {kStopping, kConnecting, kBuilding, kSending, kRunning}) {
    if (count(state) == 0) continue;
    const bool all_run = state == kRunning && count(kRunning) == states_.size();
    if (all_run) break;
    const auto first = std::find(states_.begin(), states_.end(), index_of(state)) - states_.begin();
    const std::string others = count(state) > 1 ? fmt::format(" and {} more", count(state) - 1) : "";
    return fmt::format("; waiting for {} ({}){}", names_[static_cast<std::size_t>(first)], state_name(state), others);
  }
  return "";
}

}  // namespace stapsh::client
