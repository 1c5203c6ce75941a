// SPDX-License-Identifier: Apache-2.0
// The broker is killed while 10,000 hosts are traced, and started again at once. All sessions have ended then; hosts
// come back each after a random time, and rstap asks each whether it is clean.
#include <optional>

#include "cases/cases.h"
#include "harness/fleet.h"
#include "harness/fleet_run.h"

namespace stapsh::bench {
namespace {

constexpr double kLookEvery = 0.05;
constexpr double kPatience = 180;

Sample run(EmulatedFleet& fleet, const std::string& rstap) {
  FleetRun run(fleet.command(rstap, {"--sum", "--bpftrace", "-e", "interval:s:1 { @ = count(); print(@); }"}),
               fleet.hosts(), hosts_of_sums());
  run.await_all();
  const auto killed = now();
  fleet.broker().kill();
  fleet.broker().start_again();
  const double down = seconds_since(killed);
  std::optional<double> back, ended;
  while (!back || !ended) {
    if (seconds_since(killed) > kPatience) {
      throw BenchError((back ? "rstap does not end\n" : "not all hosts come back\n") + last_errors());
    }
    run.read_for(kLookEvery);
    if (!back && fleet.are_back()) back = seconds_since(killed);
    if (!ended && run.ended()) ended = seconds_since(killed);
  }
  run.await_end();
  Sample sample = run.sample();
  sample["s without a broker"] = down;
  sample["s until all hosts are back"] = *back;
  sample["s until rstap has ended"] = *ended;
  sample["sessions that went on"] = static_cast<double>(fleet.hosts()) - sample["hosts that failed"];
  return sample;
}

}  // namespace

void run_fleet_restart(const Site& site, const Settings& settings, Targets& targets) {
  const std::string ours = site.program("rstap");
  if (!exists(kNatsServer) || !has_nats(ours)) return;
  EmulatedFleet fleet(site, fleet_size(settings.rounds_percent), "maps");
  std::vector<Contender> contenders{
      {"rstap --sum", Role::kOurs, [&] { return fleet.with_witness([&] { return run(fleet, ours); }); }}};
  if (!settings.beside.empty()) {
    contenders.push_back({"rstap --sum, beside", Role::kOther,
                          [&] { return fleet.with_witness([&] { return run(fleet, settings.beside + "/rstap"); }); }});
  }
  Benchmark benchmark("fleet-restart: the broker of " + std::to_string(fleet.hosts()) + " hosts dies in mid-run",
                      std::move(contenders));
  benchmark.run_once();
  benchmark.print({"s without a broker", "s until all hosts are back", "s until rstap has ended",
                   "sessions that went on", "hosts not clean", "sessions that the hosts still have",
                   "sessions that broke off, as hosts say", "MiB of the client", "MiB of its relay",
                   "CPU s of the client"});
  const auto measured = [&](const char* metric) { return benchmark.median_of(Role::kOurs, metric); };
  targets.at_most("fleet-restart: sessions that went on", measured("sessions that went on"), 0);
  targets.at_most("fleet-restart: hosts not proved clean", measured("hosts not clean"), 0);
  targets.at_most("fleet-restart: sessions that the hosts still have", measured("sessions that the hosts still have"),
                  0);
  targets.at_most("fleet-restart: s until that", measured("s until rstap has ended"), 30);
}

}  // namespace stapsh::bench
