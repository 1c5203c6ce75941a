// SPDX-License-Identifier: Apache-2.0
// How much of what clients do is logged: all of it, unless one of them floods. Each has a budget of its own, so a flood
// hides nobody else, and the log grows by no more than kPerSecond for each of them. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/time.h"

namespace stapsh::link {

class LogBudget {
 public:
  static constexpr double kBurst = 128, kPerSecond = 4;
  /// Where a broker lets anybody have any name, those beyond have one budget together.
  static constexpr std::size_t kClientsMax = 16;

  struct Verdict {
    bool is_logged = true;
    bool is_first_missed = false;  ///< That the next ones are not logged is to be said.
    std::uint64_t missed = 0;      ///< So many were not, before this one that is.
  };

  Verdict take(const std::string& client, TimePoint now) {
    std::erase_if(budgets_, [&](const auto& each) {
      return each.second.missed == 0 && each.second.at(now) >= kBurst && each.first != client;
    });
    const bool has_room = budgets_.contains(client) || budgets_.size() < kClientsMax;
    Budget& budget = budgets_.try_emplace(has_room ? client : std::string(), Budget{kBurst, now}).first->second;
    budget = {budget.at(now), now, budget.missed};
    // Once it has run out it fills up by half first: else a flood has the log say again and again that there is one.
    if (budget.left < (budget.missed > 0 ? kBurst / 2 : 1)) return {false, budget.missed++ == 0, 0};
    budget.left -= 1;
    return {true, false, std::exchange(budget.missed, 0)};
  }

 private:
  struct Budget {
    double left = 0;
    TimePoint as_of{};
    std::uint64_t missed = 0;
    [[nodiscard]] double at(TimePoint now) const {
      return std::min(kBurst, left + kPerSecond * std::chrono::duration<double>(now - as_of).count());
    }
  };
  std::map<std::string, Budget> budgets_;
};

}  // namespace stapsh::link
