// SPDX-License-Identifier: Apache-2.0
// The benchmarks: each prints its tables and says what was promised beside what it measured.
#pragma once

#include <string>

#include "harness/measure.h"
#include "harness/site.h"

namespace stapsh::bench {

struct Settings {
  std::size_t rounds_percent = 100;  ///< Of each benchmark's own number of rounds.
  std::string beside;                ///< A folder with another build's stapsh and rstap, measured too; or empty.
  [[nodiscard]] std::size_t rounds(std::size_t usual) const {
    const std::size_t some = usual * rounds_percent / 100;
    return some > 3 ? some : 3;
  }
};

using Run = void (*)(const Site& site, const Settings& settings, Targets& targets);

void run_agent_start(const Site& site, const Settings& settings, Targets& targets);
void run_relay(const Site& site, const Settings& settings, Targets& targets);
void run_upload(const Site& site, const Settings& settings, Targets& targets);
void run_client_relay(const Site& site, const Settings& settings, Targets& targets);
void run_local_fanout(const Site& site, const Settings& settings, Targets& targets);
void run_bootstrap(const Site& site, const Settings& settings, Targets& targets);
void run_ssh_fanout(const Site& site, const Settings& settings, Targets& targets);
void run_fleet(const Site& site, const Settings& settings, Targets& targets);
void run_fleet_tls(const Site& site, const Settings& settings, Targets& targets);
void run_fleet_flood(const Site& site, const Settings& settings, Targets& targets);
void run_fleet_restart(const Site& site, const Settings& settings, Targets& targets);
void run_fleet_ssh(const Site& site, const Settings& settings, Targets& targets);
void run_gather(const Site& site, const Settings& settings, Targets& targets);
void run_stop(const Site& site, const Settings& settings, Targets& targets);
void run_memory(const Site& site, const Settings& settings, Targets& targets);
void run_answers(const Site& site, const Settings& settings, Targets& targets);
void run_live(const Site& site, const Settings& settings, Targets& targets);

}  // namespace stapsh::bench
