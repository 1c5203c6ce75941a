// SPDX-License-Identifier: Apache-2.0
// An agent from its start to its hello, and the memory that it then has.
#include <chrono>

#include "cases/cases.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

Sample say_hello(const std::string& program) {
  const auto start = now();
  Process agent({.argv = {program}});
  agent.write("stap 5.6\n");
  const std::string hello = agent.read_line();
  Sample sample{{"ms", seconds_since(start) * 1e3}};
  if (!hello.starts_with("stapsh ")) throw BenchError("`" + hello + "' is no hello");
  if (const long rss = agent.rss_kib(); rss > 0) sample["RSS KiB"] = static_cast<double>(rss);  // 0: it has ended.
  agent.end_input();
  (void)agent.wait();
  sample["ms to its end"] = seconds_since(start) * 1e3;
  return sample;
}

}  // namespace

void run_agent_start(const Site& site, const Settings& settings, Targets& targets) {
  std::vector<Contender> contenders{
      {"a static program that prints the line", Role::kFloor, [&] { return say_hello(site.program("print_hello")); }},
      {"stapsh", Role::kOurs, [&] { return say_hello(site.program("stapsh")); }}};
  if (!settings.beside.empty()) {
    contenders.push_back({"stapsh, beside", Role::kOther, [&] { return say_hello(settings.beside + "/stapsh"); }});
  }
  if (exists(kReleasedAgent)) {
    contenders.push_back({"released stapsh", Role::kPeer, [] { return say_hello(kReleasedAgent); }});
  }
  Benchmark benchmark("agent-start: from its start to the hello", std::move(contenders));
  benchmark.run(settings.rounds(300));
  benchmark.print({"ms", "ms to its end", "RSS KiB"});
  const double ours = benchmark.median_of(Role::kOurs, "ms");
  targets.at_most("agent-start: time to the hello, to a static program's",
                  ours / benchmark.median_of(Role::kFloor, "ms"), 1.5);
  if (benchmark.has(Role::kPeer)) {
    targets.at_most("agent-start: time to the hello, to the released agent's",
                    ours / benchmark.median_of(Role::kPeer, "ms"), 1.0);
  }
}

}  // namespace stapsh::bench
