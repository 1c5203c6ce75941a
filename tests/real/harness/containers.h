// SPDX-License-Identifier: Apache-2.0
// Real containers of podman's, without images, registries or networks: each has a root folder with busybox alone, which
// podman is handed as it is. Podman's own files are in a mount namespace of the test's, and end with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "program.h"
#include "scratch.h"

namespace stapsh::real {

/// A machine with podman, for containers to run on: version 2 of cgroups alone, and /run and /var/lib of its own.
class Podman {
 public:
  explicit Podman(const Scratch& scratch);
  ~Podman();
  Podman(const Podman&) = delete;
  Podman& operator=(const Podman&) = delete;

  /// That keeps the namespace.
  int keeper_pid() const { return keeper_->pid(); }
  /// In which all containers have theirs; it goes with them.
  const std::string& cgroup() const { return cgroup_; }
  /// A folder with a `podman` that runs there; to be the first of a client's PATH.
  std::string folder() const { return scratch_.path("podman"); }
  /// The process of the last podman that was started in this way.
  int last_pid() const;
  /// Runs `podman WORDS…`; its standard output less the last newline. Throws if it fails.
  std::string run(const std::vector<std::string>& words) const;

 private:
  const Scratch& scratch_;
  std::string cgroup_;
  std::unique_ptr<Program> keeper_;
};

/// Options of a container that has bpftrace: this machine's /usr, read-only, and all rights.
std::vector<std::string> with_bpftrace();

class Container {
 public:
  /// `options` are podman's own.
  Container(const Podman& podman, const Scratch& scratch, std::string name, const std::vector<std::string>& options);
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  const std::string& name() const { return name_; }
  /// What runs as long as it does: its first process, and podman's monitor of it.
  std::vector<int> pids() const { return {pid_, monitor_}; }
  /// After it was stopped.
  void start();
  void kill() const;
  /// What was not there when it was started first: processes, and files wherever somebody can write. Zombies count.
  std::vector<std::string> left() const;

 private:
  void note_pids();
  std::vector<std::string> files() const;

  const Podman& podman_;
  std::string name_;
  std::vector<std::string> files_before_;
  int pid_ = 0, monitor_ = 0;
};

}  // namespace stapsh::real
