// SPDX-License-Identifier: Apache-2.0
// A runner and what it leaves behind: writes into two pipes, reacts to signals as its plan says.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "plan.h"

namespace stapsh::sim {

class SimulatedRunner {
 public:
  SimulatedRunner(const RunnerPlan& plan, std::size_t pipe_capacity, int stop_signal, TimePoint now);

  /// The clock says that it could act.
  [[nodiscard]] bool can_act(TimePoint now) const;
  void act(TimePoint now, Random& random);
  [[nodiscard]] std::optional<TimePoint> next_at(TimePoint now) const;

  void signal(int signo, bool everyone, TimePoint now);
  /// A runner that writes where nobody reads dies of SIGPIPE.
  void break_pipes() { pipes_broken_ = true; }

  [[nodiscard]] bool runner_alive() const { return !exit_code_; }
  /// Silently, before the output of its end.
  [[nodiscard]] bool works(TimePoint now) const { return stopping_ && now < works_until_; }
  [[nodiscard]] bool straggler_alive() const { return straggler_ends_at_.has_value(); }
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }
  [[nodiscard]] bool signalled() const { return signalled_; }

  struct Pipe {
    std::string bytes;     ///< Written, and not read yet.
    std::string produced;  ///< All that was ever written.
  };
  Pipe& pipe(Stream stream) { return pipes_[stream == Stream::kStdout ? 0 : 1]; }
  [[nodiscard]] const Pipe& pipe(Stream stream) const { return pipes_[stream == Stream::kStdout ? 0 : 1]; }

 private:
  [[nodiscard]] const RunnerPlan::Chunk* next_chunk() const;
  void end(int exit_code, TimePoint now);
  void end_by_signal(int signo, TimePoint now);

  RunnerPlan plan_;
  std::size_t pipe_capacity_;
  int stop_signal_;
  std::array<Pipe, 2> pipes_;
  std::size_t chunk_ = 0;    // Of the output, the next one;
  std::size_t written_ = 0;  // and how much of it is written.
  TimePoint chunk_at_, works_until_;
  bool stopping_ = false;
  bool pipes_broken_ = false;
  std::optional<int> exit_code_;
  bool signalled_ = false;
  std::optional<TimePoint> straggler_ends_at_;
};

}  // namespace stapsh::sim
