// SPDX-License-Identifier: Apache-2.0
#include "simulated_runner.h"

#include <csignal>

namespace stapsh::sim {

SimulatedRunner::SimulatedRunner(const RunnerPlan& plan, std::size_t pipe_capacity, int stop_signal, TimePoint now)
    : plan_(plan), pipe_capacity_(pipe_capacity), stop_signal_(stop_signal), chunk_at_(now) {
  if (!plan_.output.empty()) chunk_at_ = now + plan_.output[0].after;
}

const RunnerPlan::Chunk* SimulatedRunner::next_chunk() const {
  if (chunk_ < plan_.output.size()) return &plan_.output[chunk_];
  return plan_.endless && !plan_.output.empty() ? &plan_.output[0] : nullptr;
}

bool SimulatedRunner::can_act(TimePoint now) const {
  if (straggler_ends_at_ && now >= *straggler_ends_at_) return true;
  if (!runner_alive() || plan_.immortal) return false;
  const RunnerPlan::Chunk* chunk = next_chunk();
  if (works(now)) return false;
  if (!chunk) return stopping_ || !(plan_.waits || plan_.endless);
  return now >= chunk_at_ && (pipes_broken_ || pipe(chunk->stream).bytes.size() < pipe_capacity_);
}

std::optional<TimePoint> SimulatedRunner::next_at(TimePoint now) const {
  std::optional<TimePoint> next = straggler_ends_at_;
  if (runner_alive() && works(now) && (!next || works_until_ < *next)) next = works_until_;
  if (runner_alive() && next_chunk() && chunk_at_ > now && (!next || chunk_at_ < *next)) next = chunk_at_;
  return next;
}

void SimulatedRunner::act(TimePoint now, Random& random) {
  if (straggler_ends_at_ && now >= *straggler_ends_at_) {
    straggler_ends_at_.reset();
    return;
  }
  const RunnerPlan::Chunk* chunk = next_chunk();
  if (!chunk) return end(plan_.exit_code, now);
  if (pipes_broken_) return end(128 + SIGPIPE, now);
  Pipe& to = pipe(chunk->stream);
  const std::size_t room = pipe_capacity_ - to.bytes.size();
  const std::size_t count = std::min({room, chunk->bytes.size() - written_, random.between(1, 4'000)});
  to.bytes.append(chunk->bytes, written_, count);
  to.produced.append(chunk->bytes, written_, count);
  written_ += count;
  if (written_ < chunk->bytes.size()) return;
  written_ = 0;
  ++chunk_;
  const RunnerPlan::Chunk* next = next_chunk();
  chunk_at_ = now + (next && chunk_ < plan_.output.size() ? next->after : Duration{});
  // A flood is quick enough to count as progress always, and no quicker: each byte costs us time.
  if (chunk_ >= plan_.output.size()) chunk_at_ = now + std::chrono::seconds(3);
}

void SimulatedRunner::signal(int signo, bool everyone, TimePoint now) {
  if (plan_.immortal) return;
  if (everyone && straggler_ends_at_) {
    const bool obeys = plan_.straggler == RunnerPlan::Straggler::kShort && signo == SIGTERM;
    if (obeys || signo == SIGKILL) straggler_ends_at_.reset();
  }
  if (!runner_alive()) return;
  if (signo == SIGKILL) return end_by_signal(SIGKILL, now);
  if (signo == SIGTERM && !plan_.ignores_terminate) return end_by_signal(SIGTERM, now);
  if (signo != stop_signal_ || plan_.ignores_stop || stopping_) return;
  // The end probe: what was half said is finished, then bye, then it exits.
  stopping_ = true;
  std::vector<RunnerPlan::Chunk> rest;
  const RunnerPlan::Chunk* half_said = written_ > 0 ? next_chunk() : nullptr;
  if (half_said) rest.push_back({half_said->stream, half_said->bytes.substr(written_), Duration{}});
  constexpr std::size_t kPieces = 8;
  const std::size_t pieces = plan_.bye_pause > Duration{} && plan_.bye.size() > kPieces ? kPieces : 1;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::size_t from = plan_.bye.size() * i / pieces, to = plan_.bye.size() * (i + 1) / pieces;
    rest.push_back({Stream::kStdout, plan_.bye.substr(from, to - from), i > 0 ? plan_.bye_pause : Duration{}});
  }
  plan_.output = std::move(rest);
  plan_.endless = false;
  plan_.waits = false;
  chunk_ = 0;
  written_ = 0;
  chunk_at_ = works_until_ = now + plan_.works;
}

void SimulatedRunner::end_by_signal(int signo, TimePoint now) {
  signalled_ = true;
  end(128 + signo, now);
}

void SimulatedRunner::end(int exit_code, TimePoint now) {
  exit_code_ = exit_code;
  if (plan_.straggler == RunnerPlan::Straggler::kNone || exit_code == 128 + SIGKILL) return;
  straggler_ends_at_ = now + std::chrono::seconds(plan_.straggler == RunnerPlan::Straggler::kShort ? 2 : 1'000'000);
}

}  // namespace stapsh::sim
