// SPDX-License-Identifier: Apache-2.0
#include "session_view.h"

#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "harness/scratch.h"

namespace stapsh::matrix {
namespace {

struct Process {
  int parent = 0;
  char state = 'X';
};

Process stat_of(int pid) {
  const std::string stat = real::read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  Process process;
  if (name_end != std::string::npos) std::istringstream(stat.substr(name_end + 1)) >> process.state >> process.parent;
  return process;
}

std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> numbers;
  DIR* entries = ::opendir(folder.c_str());
  if (entries == nullptr) return numbers;
  while (const dirent* entry = ::readdir(entries)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') numbers.push_back(std::atoi(entry->d_name));
  }
  (void)::closedir(entries);
  return numbers;
}

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return {target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

}  // namespace

void pause_briefly() { (void)::poll(nullptr, 0, 2); }

bool process_lives(int pid) {
  const char state = stat_of(pid).state;
  return state != 'X' && state != 'Z';
}

AgentPids find_agent(const std::vector<int>& helpers) {
  static const std::string agent_file = [] {
    std::array<char, PATH_MAX> path{};
    return std::string(::realpath(STAPSH_AGENT, path.data()) != nullptr ? path.data() : STAPSH_AGENT);
  }();
  std::map<int, Process> all;
  for (const int pid : numbers_in("/proc")) all[pid] = stat_of(pid);
  AgentPids found;
  for (const auto& [pid, process] : all) {
    if (process.state == 'Z' || process.state == 'X') continue;
    if (std::find(helpers.begin(), helpers.end(), pid) != helpers.end()) continue;
    bool ours = false;
    for (int at = pid; at > 1 && all.count(at) != 0 && !ours; at = all[at].parent) ours = all[at].parent == ::getpid();
    const std::string folder = "/proc/" + std::to_string(pid);
    if (!ours || link_target(folder + "/exe") != agent_file) continue;
    const bool guards = real::read_file(folder + "/comm").starts_with("stapsh-guardian");
    (guards ? found.guardian : found.agent) = pid;
  }
  return found;
}

std::vector<std::string> open_files(int pid) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  std::vector<std::string> files;
  for (const int fd : numbers_in(folder)) files.push_back(link_target(folder + "/" + std::to_string(fd)));
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> locks_in(const std::string& folder) {
  struct stat status {};
  std::array<char, 32> device{};
  if (::stat(folder.c_str(), &status) != 0) return {};
  (void)std::snprintf(device.data(), device.size(), " %02x:%02x:", major(status.st_dev), minor(status.st_dev));
  std::vector<std::string> found;
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find(device.data()) != std::string::npos) found.push_back(line);
  }
  return found;
}

// Num RefCount Protocol Flags Type St Inode Path; flag 00010000: it listens. Source: proc(5).
std::vector<std::string> connections_in(const std::string& folder) {
  std::vector<std::string> found;
  std::ifstream sockets("/proc/net/unix");
  for (std::string line; std::getline(sockets, line);) {
    if (line.find(folder) != std::string::npos && line.find(" 00010000 ") == std::string::npos) found.push_back(line);
  }
  return found;
}

}  // namespace stapsh::matrix
