// SPDX-License-Identifier: Apache-2.0
// One run from one seed: both ends, two links, a person. Each step does one thing that could happen now;
// after each, what must always hold is checked, and at the end what must hold then.
#pragma once

#include <string>

#include "simulated_agent.h"
#include "simulated_client.h"

namespace stapsh::sim {

class World {
 public:
  explicit World(std::uint64_t seed);

  /// Runs to the end. The rule that was broken; empty if none was.
  std::string run();
  /// What both ends did.
  [[nodiscard]] std::string story() const;

 private:
  static constexpr int kStepsMax = 300'000;

  bool step();
  [[nodiscard]] bool stalled() const;
  void pass_time(bool anything_else);
  void happen();
  void close_what_ended();
  std::string check_always() const;
  std::string check_end() const;
  std::string check_success() const;
  [[nodiscard]] bool over() const { return client_.outcome() && agent_.exited(now_); }
  [[nodiscard]] std::optional<TimePoint> next_event() const;

  Plan plan_;
  Random random_;
  TimePoint now_{};
  Link to_agent_, to_client_;
  SimulatedAgent agent_;
  SimulatedClient client_;
  std::size_t stops_said_ = 0;
  TimePoint stop_said_at_{};  // The last.
  bool fault_happened_ = false;
  bool given_up_ = false;
};

}  // namespace stapsh::sim
