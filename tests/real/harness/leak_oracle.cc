// SPDX-License-Identifier: Apache-2.0
#include "leak_oracle.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "scratch.h"

namespace stapsh::real {
namespace {

using Clock = std::chrono::steady_clock;

struct Process {
  int parent = 0;
  char state = '?';
};

std::map<int, Process> processes() {
  std::map<int, Process> all;
  DIR* proc = ::opendir("/proc");
  while (const dirent* entry = ::readdir(proc)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = stat.rfind(')');  // The name itself may hold blanks and brackets.
    if (name_end == std::string::npos) continue;
    Process process;
    std::istringstream(stat.substr(name_end + 1)) >> process.state >> process.parent;
    all[pid] = process;
  }
  (void)::closedir(proc);
  return all;
}

std::string command_of(int pid) {
  std::string words = read_file("/proc/" + std::to_string(pid) + "/cmdline");
  std::replace(words.begin(), words.end(), '\0', ' ');
  return words.empty() ? read_file("/proc/" + std::to_string(pid) + "/comm") : words;
}

}  // namespace

LeakOracle::LeakOracle(std::vector<std::string> watched, std::vector<int> helpers)
    : watched_(std::move(watched)), helpers_(std::move(helpers)) {
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
  before_ = things();
  for (const int pid : unexpected_descendants()) allowed_.push_back(pid);
}

std::vector<int> LeakOracle::unexpected_descendants() const {
  const std::map<int, Process> all = processes();
  std::vector<int> found;
  for (const auto& [pid, process] : all) {
    if (process.state == 'Z' && process.parent == ::getpid()) {
      // An orphan that ended and was handed to us. Our own programs are reaped by their Program.
      (void)::waitpid(pid, nullptr, WNOHANG);
      continue;
    }
    if (std::find(helpers_.begin(), helpers_.end(), pid) != helpers_.end()) continue;
    for (int at = pid; all.count(at) != 0 && at > 1; at = all.at(at).parent) {
      if (std::find(allowed_.begin(), allowed_.end(), at) != allowed_.end()) break;
      if (all.at(at).parent == ::getpid()) {
        found.push_back(pid);
        break;
      }
    }
  }
  return found;
}

std::vector<std::string> LeakOracle::things() const {
  std::vector<std::string> all;
  for (const std::string& folder : watched_) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      // Of runners, which an agent keeps: docs/adr/0009.
      if (entry.path().filename() != "versions") all.push_back("file " + entry.path().string());
    }
  }
  std::ifstream modules("/proc/modules");
  for (std::string line; std::getline(modules, line);)
    if (line.starts_with("stap_")) all.push_back("module " + line.substr(0, line.find(' ')));
  return all;
}

std::vector<std::string> LeakOracle::left(std::chrono::milliseconds bound) {
  const auto deadline = Clock::now() + bound;
  std::vector<int> alive;
  while (!(alive = unexpected_descendants()).empty()) {
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (wait.count() <= 0) break;
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, alive.front(), 0));
    if (pidfd < 0) continue;
    pollfd fd{pidfd, POLLIN, 0};
    (void)::poll(&fd, 1, static_cast<int>(wait.count()));
    (void)::close(pidfd);
  }
  std::vector<std::string> found;
  for (const int pid : alive) {
    found.push_back("process " + std::to_string(pid) + " " + command_of(pid));
    (void)::kill(pid, SIGKILL);
  }
  for (const std::string& thing : things())
    if (std::find(before_.begin(), before_.end(), thing) == before_.end()) found.push_back(thing);
  return found;
}

}  // namespace stapsh::real
