// SPDX-License-Identifier: Apache-2.0
#include "own_cgroup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

// Our cgroup, below the mount that shows all of the hierarchy.
std::string own_folder() {
  std::string ours, point;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) ours = line.substr(3);
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::string id, parent, device, root, at;
    std::istringstream(line) >> id >> parent >> device >> root >> at;
    if (line.find(" - cgroup2 ") != std::string::npos && root == "/") point = at;
  }
  if (ours.empty() || point.empty()) return {};
  return ours == "/" ? point : point + ours;
}

bool enter(const std::string& folder) {
  return static_cast<bool>(std::ofstream(folder + "/cgroup.procs") << "0" << std::flush);
}

void remove_folder(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.is_directory(ignored)) remove_folder(entry.path());
  (void)::rmdir(folder.c_str());
}

}  // namespace

OwnCgroup::OwnCgroup(const std::string& name) : parent_(own_folder()) {
  if (parent_.empty()) return;
  const std::string path = parent_ + "/" + name;
  if (::mkdir(path.c_str(), 0755) != 0) return;
  if (enter(path)) {
    path_ = path;
  } else {
    (void)::rmdir(path.c_str());
  }
}

OwnCgroup::~OwnCgroup() {
  if (path_.empty()) return;
  (void)enter(parent_);
  remove_folder(path_);
}

}  // namespace stapsh::real
