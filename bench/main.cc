// SPDX-License-Identifier: Apache-2.0
// stapsh_bench [--rounds PERCENT] [--check] [--beside FOLDER] [BENCHMARK…]: runs all benchmarks, or those that are
// named, prints their tables and which targets are met. Exit code 0, also if one is not met, unless --check is given
// (1); 2: it could not be run.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cases/cases.h"
#include "harness/process.h"

namespace {

using namespace stapsh::bench;

struct Entry {
  std::string_view name;
  Run run;
};
constexpr Entry kBenchmarks[] = {
    {"agent-start", run_agent_start},
    {"relay", run_relay},
    {"upload", run_upload},
    {"client-relay", run_client_relay},
    {"local-fanout", run_local_fanout},
    {"ssh-fanout", run_ssh_fanout},
    {"bootstrap", run_bootstrap},
    {"fleet", run_fleet},
    {"fleet-tls", run_fleet_tls},
    {"fleet-flood", run_fleet_flood},
    {"fleet-restart", run_fleet_restart},
    {"fleet-ssh", run_fleet_ssh},
    {"gather", run_gather},
    {"stop", run_stop},
    {"memory", run_memory},
    {"answers", run_answers},
    {"live", run_live},
};

int usage() {
  std::fprintf(stderr,
               "usage: stapsh_bench [--rounds PERCENT] [--check] [--beside FOLDER] [BENCHMARK...]\nbenchmarks:");
  for (const Entry& entry : kBenchmarks) std::fprintf(stderr, " %s", entry.name.data());
  std::fprintf(stderr, "\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  (void)::signal(SIGPIPE, SIG_IGN);
  Settings settings;
  bool check = false;
  std::vector<const Entry*> chosen;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const Entry* named = nullptr;
    for (const Entry& entry : kBenchmarks) {
      if (entry.name == word) named = &entry;
    }
    if (word == "--check") {
      check = true;
    } else if (word == "--rounds" && i + 1 < argc) {
      settings.rounds_percent = std::strtoul(argv[++i], nullptr, 10);
    } else if (word == "--beside" && i + 1 < argc) {
      settings.beside = argv[++i];
    } else if (named != nullptr) {
      chosen.push_back(named);
    } else {
      return usage();
    }
  }
  if (chosen.empty()) {
    for (const Entry& entry : kBenchmarks) chosen.push_back(&entry);
  }
  Targets targets;
  bool failed = false;
  try {
    for (const Entry* entry : chosen) {
      const Site site;  // A new one each time: what one replaced is not in the next one's way.
      keep_errors(site.path("errors"));
      try {
        entry->run(site, settings, targets);
      } catch (const BenchError& error) {
        std::fprintf(stderr, "%s: %s\n", entry->name.data(), error.what());
        failed = true;
      }
    }
  } catch (const BenchError& error) {
    std::fprintf(stderr, "stapsh_bench: %s\n", error.what());
    return 2;
  }
  const bool all_met = targets.print();
  if (failed) return 2;
  return check && !all_met ? 1 : 0;
}
