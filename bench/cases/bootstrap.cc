// SPDX-License-Identifier: Apache-2.0
// One target over a real sshd on 127.0.0.1 that has no agent: what --bootstrap takes over one that has, on the first
// use and from its cache, beside `scp` of the agent, a run with it, and an `ssh rm`. The runner says one line and ends.
#include "cases/cases.h"
#include "harness/process.h"
#include "harness/sshd.h"

namespace stapsh::bench {
namespace {

constexpr double kMilliseconds = 1'000;
constexpr Role kFirstUse = Role::kOurs, kInstalled = Role::kFloor, kCached = Role::kOther;

double run(std::vector<std::string> argv) {
  const auto start = now();
  Process program({.argv = std::move(argv), .wire = Wire::kOutputOnly});
  (void)program.read_to_end();
  (void)program.wait_success();
  return seconds_since(start) * kMilliseconds;
}

}  // namespace

void run_bootstrap(const Site& site, const Settings& settings, Targets& targets) {
  site.replace(kStaprun, site.program("write_blocks"));
  const LoopbackSshd sshd(site);
  const std::string rstap = site.program("rstap"), agent = site.program("stapsh"), copy = site.path("brought");
  const std::string module = site.write("probe.ko", "no module");
  const auto rstap_with = [&](std::vector<std::string> words, bool installed) {
    sshd.offer_agent(installed ? agent : site.path("nowhere"));
    words.insert(words.begin(), rstap);
    words.insert(words.end(), {"--quiet", "--remote", "h0", module});
    return run(std::move(words));
  };
  Benchmark benchmark("bootstrap: a target without an agent",
                      {{"an agent is installed", kInstalled,
                        [&]() -> Sample {
                          return {{"ms", rstap_with({}, true)}};
                        }},
                       {"--bootstrap, first use", kFirstUse,
                        [&]() -> Sample {
                          return {{"ms", rstap_with({"--bootstrap"}, false)}};
                        }},
                       {"--bootstrap=keep, from its cache", kCached,
                        [&]() -> Sample {
                          return {{"ms", rstap_with({"--bootstrap=keep"}, false)}};
                        }},
                       {"scp, rstap --stapsh, ssh rm", Role::kPeer, [&]() -> Sample {
                          const double before = run({"scp", "-q", agent, "h0:" + copy});
                          const double with = rstap_with({"--stapsh", copy}, false);
                          return {{"ms", before + with + run({"ssh", "-T", "h0", "rm", copy})}};
                        }}});
  benchmark.run(settings.rounds(15));
  benchmark.print({"ms"});
  const double installed = benchmark.median_of(kInstalled, "ms");
  targets.at_most("bootstrap: first use, ms over an installed agent", benchmark.median_of(kFirstUse, "ms") - installed,
                  250);
  targets.at_most("bootstrap: from its cache, ms over an installed agent",
                  benchmark.median_of(kCached, "ms") - installed, 30);
}

}  // namespace stapsh::bench
