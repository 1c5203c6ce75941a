// SPDX-License-Identifier: Apache-2.0
// 32 local targets against 32 runners started bare, all at once. The runner is a program that says one line and ends,
// and then a real one, bpftrace, whose own start is most of its time.
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "cases/cases.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kTargets = 32;

// They share a pipe that we read, as a client's targets do.
Sample run_bare(const std::vector<std::string>& argv) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw BenchError("pipe2 failed");
  const auto start = now();
  std::vector<Process> runners;
  for (std::size_t i = 0; i < kTargets; ++i) {
    runners.emplace_back(ProcessOptions{.argv = argv, .wire = Wire::kNone, .stdout_fd = pipe[1], .new_session = true});
  }
  (void)::close(pipe[1]);
  std::array<char, 65'536> buffer;
  while (::read(pipe[0], buffer.data(), buffer.size()) > 0) continue;
  for (Process& runner : runners) (void)runner.wait_success();
  const double seconds = seconds_since(start);
  (void)::close(pipe[0]);
  return {{"ms", seconds * 1e3}};
}

Sample run_rstap(const std::string& rstap, const std::string& module, const std::string& uri) {
  std::vector<std::string> argv{rstap, "--label"};
  for (std::size_t i = 0; i < kTargets; ++i) argv.insert(argv.end(), {"--remote", uri});
  argv.push_back(module);
  const auto start = now();
  Process client({.argv = argv, .wire = Wire::kOutputOnly});
  (void)client.read_line();
  const double first = seconds_since(start);
  (void)client.read_to_end();
  (void)client.wait_success();
  return {{"ms", seconds_since(start) * 1e3}, {"ms to the first line", first * 1e3}};
}

void run_one(const Site& site, const Settings& settings, Targets& targets, const std::string& what,
             const std::vector<std::string>& runner, const std::string& module, std::size_t rounds) {
  const std::string rstap = site.program("rstap");
  std::vector<std::string> relayed = runner;
  relayed.insert(relayed.begin(), {site.program("framed_splice")});
  std::vector<Contender> contenders{
      {"32 runners, bare", Role::kFloor, [&] { return run_bare(runner); }},
      {"32 runners, each behind a framed splice", Role::kOther, [&] { return run_bare(relayed); }},
      {"rstap, 32 times stapsh:", Role::kOurs, [&] { return run_rstap(rstap, module, "stapsh:"); }},
      {"rstap, 32 times direct:", Role::kOther, [&] { return run_rstap(rstap, module, "direct:"); }}};
  if (!settings.beside.empty()) {
    const std::string other = settings.beside + "/rstap";
    contenders.push_back(
        {"rstap, 32 times stapsh:, beside", Role::kOther, [=] { return run_rstap(other, module, "stapsh:"); }});
  }
  Benchmark benchmark("local-fanout: 32 targets, the runner is " + what, std::move(contenders));
  benchmark.run(settings.rounds(rounds));
  benchmark.print({"ms", "ms to the first line"});
  targets.at_most("local-fanout, " + what + ": time, to 32 bare runners",
                  benchmark.median_of(Role::kOurs, "ms") / benchmark.median_of(Role::kFloor, "ms"), 1.3);
}

}  // namespace

void run_local_fanout(const Site& site, const Settings& settings, Targets& targets) {
  site.replace(kStaprun, site.program("write_blocks"));
  run_one(site, settings, targets, "a line", {kStaprun}, site.write("probe.ko", "no module"), 25);
  if (!exists("/usr/bin/bpftrace")) return;
  const std::string script = site.write("hello.bt", "BEGIN { printf(\"hello\\n\"); exit(); }\n");
  run_one(site, settings, targets, "bpftrace", {"/usr/bin/bpftrace", script}, script, 5);
}

}  // namespace stapsh::bench
