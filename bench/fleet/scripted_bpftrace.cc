// SPDX-License-Identifier: Apache-2.0
// scripted_bpftrace [WORD...] SCRIPT: the runner of an emulated agent as a real program, for real agents that are
// compared with emulated ones. The script's first line is "// maps", "// flood" or "// quiet" (scripted_runner.h).
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

#include "scripted_runner.h"
#include "sys/clock.h"
#include "sys/io.h"

namespace {

using namespace stapsh;

constexpr Duration kWriteLimit = std::chrono::hours(1);

// Until a stop signal came or it is time to write.
bool is_stopped(const sigset_t& stops, std::optional<TimePoint> until) {
  const Duration left = until ? sys::time_left(*until) : std::chrono::hours(1);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec wait{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
  return ::sigtimedwait(&stops, nullptr, &wait) > 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (std::strcmp(argv[1], "-V") == 0) return std::puts("bpftrace v0.17.0") < 0 ? 1 : 0;
  std::string first;
  std::getline(std::ifstream(argv[argc - 1]), first);
  const auto scenario = first.starts_with("// ") ? fleet::scenario_of(first.substr(3)) : std::nullopt;
  if (!scenario) return 2;
  sigset_t stops;
  ::sigemptyset(&stops);
  for (const int signo : {SIGINT, SIGTERM}) ::sigaddset(&stops, signo);
  ::sigprocmask(SIG_BLOCK, &stops, nullptr);
  fleet::ScriptedRunner runner(*scenario, sys::now());
  while (!runner.exited()) {
    const std::string text = runner.write(sys::now());
    if (!text.empty() && !sys::write_all(1, text, kWriteLimit)) return 1;
    if (runner.exited()) break;
    const auto next = *scenario == fleet::Scenario::kFlood ? std::optional(sys::now()) : runner.next_at();
    if (is_stopped(stops, next)) runner.stop();
  }
  return 0;
}
