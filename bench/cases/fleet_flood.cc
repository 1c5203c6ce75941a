// SPDX-License-Identifier: Apache-2.0
// Each of 10,000 hosts prints lines as fast as they are taken, for ten seconds: nothing is lost, nobody needs more
// memory for it, and a stop gets through.
#include "cases/cases.h"
#include "harness/fleet.h"
#include "harness/fleet_run.h"

namespace stapsh::bench {
namespace {

constexpr int kSeconds = 10;  // Behind the first line of all.

Sample run(const EmulatedFleet& fleet, const std::string& rstap) {
  FleetRun run(fleet.command(rstap, {"--label", "--bpftrace", "-e", "interval:us:1 { printf(\"a line\\n\"); }"}),
               fleet.hosts(), hosts_of_lines("\"printf\""));
  run.await_all();
  run.read_for(kSeconds);
  run.stop();
  return run.sample();
}

}  // namespace

void run_fleet_flood(const Site& site, const Settings& settings, Targets& targets) {
  const std::string ours = site.program("rstap");
  if (!exists(kNatsServer) || !has_nats(ours)) return;
  const EmulatedFleet fleet(site, fleet_size(settings.rounds_percent), "flood");
  std::vector<Contender> contenders{
      {"a client that drops all", Role::kFloor,
       [&] { return fleet.with_costs([&] { return fleet.floor(kSeconds); }); }},
      {"rstap --label", Role::kOurs, [&] { return fleet.with_costs([&] { return run(fleet, ours); }); }}};
  if (!settings.beside.empty()) {
    contenders.push_back({"rstap --label, beside", Role::kOther,
                          [&] { return fleet.with_costs([&] { return run(fleet, settings.beside + "/rstap"); }); }});
  }
  Benchmark benchmark("fleet-flood: " + std::to_string(fleet.hosts()) + " hosts that print all the time",
                      std::move(contenders));
  benchmark.run_once();
  print_fleet(benchmark, {"MiB/s that it printed"});
  promise_fleet(targets, "fleet-flood", benchmark);
}

}  // namespace stapsh::bench
