// SPDX-License-Identifier: Apache-2.0
// From ctrl-C to the end of all: N local targets whose runners end at once when they are told to, each proved clean,
// against the same N runners told directly.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "cases/cases.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

void read_lines(int fd, std::size_t count) {
  for (char byte = 0; count > 0;) {
    if (::read(fd, &byte, 1) != 1) throw BenchError("a runner ended before it was told to");
    if (byte == '\n') --count;
  }
}

Sample stop_bare(std::size_t targets) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw BenchError("pipe2 failed");
  std::vector<Process> runners;
  for (std::size_t i = 0; i < targets; ++i) {
    runners.emplace_back(
        ProcessOptions{.argv = {kStaprun}, .wire = Wire::kNone, .stdout_fd = pipe[1], .new_session = true});
  }
  (void)::close(pipe[1]);
  read_lines(pipe[0], targets);
  const auto start = now();
  for (const Process& runner : runners) runner.send_signal(SIGHUP);
  for (Process& runner : runners) (void)runner.wait_success();
  const double seconds = seconds_since(start);
  (void)::close(pipe[0]);
  return {{"ms", seconds * 1e3}};
}

Sample stop_rstap(const std::string& rstap, const std::string& module, const std::string& uri, std::size_t targets) {
  std::vector<std::string> argv{rstap, "--label"};
  for (std::size_t i = 0; i < targets; ++i) argv.insert(argv.end(), {"--remote", uri});
  argv.push_back(module);
  Process client({.argv = argv, .wire = Wire::kOutputOnly});
  read_lines(client.out(), targets);
  const auto start = now();
  client.send_signal(SIGINT);
  (void)client.read_to_end();
  (void)client.wait_success();
  return {{"ms", seconds_since(start) * 1e3}};
}

}  // namespace

void run_stop(const Site& site, const Settings& settings, Targets&) {
  site.replace(kStaprun, site.program("wait_for_stop"));
  const std::string rstap = site.program("rstap");
  const std::string module = site.write("probe.ko", "no module");
  for (const std::size_t targets : {std::size_t{1}, std::size_t{32}, std::size_t{200}}) {
    Benchmark benchmark(
        "stop: from SIGINT to the end of " + std::to_string(targets) + " targets",
        {{"runners, bare", Role::kFloor, [=] { return stop_bare(targets); }},
         {"rstap, stapsh:, all clean", Role::kOurs, [=] { return stop_rstap(rstap, module, "stapsh:", targets); }},
         {"rstap, direct:", Role::kOther, [=] { return stop_rstap(rstap, module, "direct:", targets); }}});
    benchmark.run(settings.rounds(15));
    benchmark.print({"ms"});
  }
}

}  // namespace stapsh::bench
