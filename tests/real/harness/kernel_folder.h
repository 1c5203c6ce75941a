// SPDX-License-Identifier: Apache-2.0
// A cgroup (version 1) that is there for one test, and empty at its end: what lives in it then is killed.
#pragma once

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace stapsh::real {

class KernelFolder {
 public:
  explicit KernelFolder(std::string path) : path_(std::move(path)), made_(::mkdir(path_.c_str(), 0755) == 0) {}
  KernelFolder(const KernelFolder&) = delete;
  KernelFolder& operator=(const KernelFolder&) = delete;
  ~KernelFolder() {
    for (int tries = 0; made_ && ::rmdir(path_.c_str()) != 0 && tries < 200; tries++) {
      for (const int pid : processes()) (void)::kill(pid, SIGKILL);
      (void)::poll(nullptr, 0, 10);
    }
  }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool set(const std::string& file, const std::string& value) const {
    return static_cast<bool>(std::ofstream(path_ + "/" + file) << value << std::flush);
  }
  [[nodiscard]] std::vector<int> processes() const {
    std::ifstream file(path_ + "/cgroup.procs");
    std::vector<int> all;
    for (int pid = 0; file >> pid;) all.push_back(pid);
    return all;
  }

 private:
  std::string path_;
  bool made_;
};

}  // namespace stapsh::real
