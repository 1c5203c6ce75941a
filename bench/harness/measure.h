// SPDX-License-Identifier: Apache-2.0
// Numbers of contenders that take turns (A B C, A B C, …), so that whatever else the machine does meets all of them
// alike; what is compared is medians. Printed as Markdown.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace stapsh::bench {

/// A benchmark could not be run. Its text says which step failed.
class BenchError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One run's numbers, by metric; the unit is part of the name: "ms", "MiB/s", "CPU s/GiB".
using Sample = std::map<std::string, double>;

enum class Role { kFloor, kPeer, kOurs, kOther };

struct Contender {
  std::string name;
  Role role = Role::kOther;
  std::function<Sample()> run;
};

double median(std::vector<double> values);

class Benchmark {
 public:
  Benchmark(std::string title, std::vector<Contender> contenders);

  /// Each contender `rounds` times, in turns, after one turn that is not counted.
  void run(std::size_t rounds);
  /// Each contender a single time: for what takes long and needs no warming up.
  void run_once();
  /// The median of the contender in that role; the first one, if there are several.
  [[nodiscard]] double median_of(Role role, const std::string& metric) const;
  [[nodiscard]] bool has(Role role) const;
  /// One table for each metric: median, range, and the ratio to floor and peer.
  void print(const std::vector<std::string>& metrics) const;

 private:
  void take_turn(bool counts);
  [[nodiscard]] std::vector<double> values(std::size_t contender, const std::string& metric) const;

  std::string title_;
  std::vector<Contender> contenders_;
  std::vector<std::vector<Sample>> samples_;  ///< By contender.
};

/// What was promised, beside what was measured.
class Targets {
 public:
  void at_most(std::string_view what, double value, double bound);
  void at_least(std::string_view what, double value, double bound);
  /// Prints them all; true if all are met.
  [[nodiscard]] bool print() const;

 private:
  struct Target {
    std::string what;
    double value, bound;
    bool at_most;
    [[nodiscard]] bool met() const { return at_most ? value <= bound : value >= bound; }
  };
  void add(Target target);
  std::vector<Target> targets_;
};

}  // namespace stapsh::bench
