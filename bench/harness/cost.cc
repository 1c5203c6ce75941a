// SPDX-License-Identifier: Apache-2.0
#include "harness/cost.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace stapsh::bench {
namespace {

constexpr double kKibOfMib = 1'024;

std::string file_of(pid_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

// Of a file with lines "NAME: N kB"; 0 if the process has gone.
double mib_in(const std::string& file, std::string_view name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return static_cast<double>(std::stol(line.substr(name.size()))) / kKibOfMib;
  }
  return 0;
}

}  // namespace

double resident_mib(pid_t pid) { return mib_in(file_of(pid, "status"), "VmRSS:"); }

Cost cost_of(pid_t pid) {
  Cost cost;
  cost.peak_mib = mib_in(file_of(pid, "status"), "VmHWM:");
  std::stringstream text;
  text << std::ifstream(file_of(pid, "stat")).rdbuf();
  const std::string all = text.str();
  std::istringstream words(all.substr(std::min(all.rfind(')'), all.size())));
  std::string word;
  for (int i = 0; i < 12; ++i) words >> word;  // Up to the field before utime.
  double user = 0, system = 0;
  words >> user >> system;
  cost.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return cost;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::ifstream file(file_of(pid, "task/" + std::to_string(pid) + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

double family_mib(pid_t pid) {
  double mib = mib_in(file_of(pid, "smaps_rollup"), "Pss:");
  for (const pid_t child : children_of(pid)) mib += mib_in(file_of(child, "smaps_rollup"), "Pss:");
  return mib;
}

}  // namespace stapsh::bench
