// SPDX-License-Identifier: Apache-2.0
// One run of rstap on many hosts. What it prints is read as it comes, and what it and its relay cost is looked at
// meanwhile.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cost.h"
#include "harness/measure.h"
#include "harness/process.h"

namespace stapsh::bench {

/// Given each line of what rstap prints: how many hosts have answered by now.
using CountAnswers = std::function<std::size_t(std::string_view line)>;
/// With --sum: as many as the largest sum so far is of.
CountAnswers hosts_of_sums();
/// With --label: those that have printed a line with `text` near its beginning.
CountAnswers hosts_of_lines(std::string text);

class FleetRun {
 public:
  FleetRun(const std::vector<std::string>& argv, std::size_t hosts, CountAnswers count_answers);

  /// Until all hosts have answered.
  void await_all();
  /// For so long, or until rstap has ended.
  void read_for(double seconds);
  /// By one SIGINT; until it has ended. That it succeeded on all hosts is expected.
  void stop();
  /// Until it has ended by itself.
  void await_end();
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] pid_t pid() const { return client_.pid(); }

  /// When it has ended.
  [[nodiscard]] Sample sample() const;

 private:
  void read(std::chrono::steady_clock::time_point until, bool awaits_all);
  [[nodiscard]] bool have_all_answered() const { return answered_ == hosts_; }
  void take(std::string_view bytes);
  void look();
  [[nodiscard]] std::size_t number_before(std::string_view text) const;

  std::size_t hosts_;
  CountAnswers count_answers_;
  std::size_t answered_ = 0;
  std::size_t errors_begin_;
  std::chrono::steady_clock::time_point start_, looked_;
  Process client_;
  std::string rest_;  // Of a line.
  bool ended_ = false;
  pid_t relay_pid_ = 0;
  Cost cost_, relay_;
  // At the first answer of all, and how much more when it was told to stop.
  std::chrono::steady_clock::time_point answered_at_;
  double resident_then_ = 0;  // MiB of both.
  std::size_t bytes_ = 0, bytes_then_ = 0;
  std::string totals_;  // Its last words.
  Sample sample_;
};

/// The tables of what FleetRun and EmulatedFleet measure together, and `first` of what else there is.
void print_fleet(const Benchmark& benchmark, std::vector<std::string> first);
/// What every run on a whole fleet promises; `name` is the benchmark's.
void promise_fleet(Targets& targets, const std::string& name, const Benchmark& benchmark);

}  // namespace stapsh::bench
