// SPDX-License-Identifier: Apache-2.0
// The client's peak memory by its number of local targets.
#include "cases/cases.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

Sample run_rstap(const Site& site, std::size_t targets) {
  std::vector<std::string> argv{site.program("rstap"), "--label"};
  for (std::size_t i = 0; i < targets; ++i) argv.insert(argv.end(), {"--remote", "stapsh:"});
  argv.push_back(site.write("probe.ko", "no module"));
  Process client({.argv = argv, .wire = Wire::kOutputOnly});
  (void)client.read_to_end();
  return {{"RSS KiB", static_cast<double>(client.wait_success().peak_rss_kib)}};
}

}  // namespace

void run_memory(const Site& site, const Settings& settings, Targets&) {
  site.replace(kStaprun, site.program("write_blocks"));
  Benchmark benchmark("memory: rstap at its largest",
                      {{"1 target", Role::kOther, [&] { return run_rstap(site, 1); }},
                       {"32 targets", Role::kOther, [&] { return run_rstap(site, 32); }},
                       {"200 targets", Role::kOther, [&] { return run_rstap(site, 200); }}});
  benchmark.run(settings.rounds(5));
  benchmark.print({"RSS KiB"});
}

}  // namespace stapsh::bench
