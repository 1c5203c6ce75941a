// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "harness/site.h"

namespace stapsh::matrix {
namespace {

using real::HarnessError;
using real::Program;

constexpr const char* kRunnerPath = "/usr/bin/staprun";
constexpr const char* kStormProcessesMax = "250";
// Room for a few modules; quickly filled.
constexpr const char* kDiskOptions = "size=8m,mode=1777";

void checked(int result, const char* what) {
  if (result != 0) throw HarnessError(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

World::World() : storm_("/sys/fs/cgroup/pids/" + std::filesystem::path(scratch_.root()).filename().string()) {
  checked(::unshare(CLONE_NEWNS), "unshare");
  checked(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount --make-rprivate");
  checked(::mount(STAPSH_OBEDIENT_RUNNER, kRunnerPath, nullptr, MS_BIND, nullptr), kRunnerPath);
  checked(::mount("matrix", scratch_.tmp().c_str(), "tmpfs", 0, kDiskOptions), "mount tmpfs");
  scratch_.mount_records();
  scratch_.make_folder("ctl");
  if (storm_.made() && storm_.set("pids.max", kStormProcessesMax))
    std::filesystem::create_symlink(storm_.path(), control("storm"));
  scratch_.write("probe.ko", std::string(200'000, 'm'));

  const auto start = [&](std::vector<std::string> argv) {
    return std::make_unique<Program>(
        real::ProgramOptions{.argv = std::move(argv), .env = scratch_.environment(), .cwd = scratch_.root()});
  };
  const std::string agent_socket = scratch_.path("agent.sock"), tap_socket = scratch_.path("tap.sock");
  listener_ = start({STAPSH_AGENT, "--listen", "unix:" + agent_socket});
  real::wait_for_socket(agent_socket, *listener_);
  // The check itself is a connection: it takes the name that a first connection takes.
  tap_ = start({STAPSH_TAP, scratch_.path("ctl"), "--listen", tap_socket, agent_socket});
  real::wait_for_socket(tap_socket, *tap_);
  sshd_ =
      std::make_unique<real::LoopbackSshd>(scratch_, real::SshdOptions{.environment = {"TMPDIR=" + scratch_.tmp()}});
  const std::string tap = std::string(STAPSH_TAP) + " " + scratch_.path("ctl") + " -- ";
  scratch_.write("tap-agent", "#!/bin/sh\nexec " + tap + STAPSH_AGENT " \"$@\"\n", 0755);
  if (kHasNats) nats_ = std::make_unique<NatsSite>(scratch_, scratch_.path("tap-agent"));
  scratch_.write("tap-ssh", "#!/bin/sh\nexec " + tap + sshd_->wrapper_folder() + "/ssh \"$@\"\n", 0755);
}

World::~World() {
  nats_.reset();
  tap_.reset();
  listener_.reset();
  sshd_.reset();
  (void)::umount2(scratch_.tmp().c_str(), MNT_DETACH);
}

std::vector<std::string> World::client_words(Transport transport) const {
  std::vector<std::string> words{STAPSH_CLIENT};
  switch (transport) {
    case Transport::kLocal:
      words.insert(words.end(), {"--stapsh", scratch_.path("tap-agent"), "--remote", "stapsh:"});
      break;
    case Transport::kUnix:
      words.insert(words.end(), {"--remote", "unix:" + scratch_.path("tap.sock")});
      break;
    case Transport::kSsh:
      words.insert(words.end(), {"--ssh", scratch_.path("tap-ssh"), "--stapsh", STAPSH_AGENT, "--remote", "h0"});
      break;
    case Transport::kNats:
      for (const std::string& word : nats_->client_words()) words.push_back(word);
      break;
  }
  return words;
}

std::vector<int> World::helpers() const {
  std::vector<int> pids{listener_->pid(), tap_->pid(), sshd_->pid()};
  if (nats_) {
    for (const int pid : nats_->helpers()) pids.push_back(pid);
  }
  return pids;
}

std::vector<std::string> World::end_listener() {
  std::vector<std::string> found;
  listener_->send_signal(SIGTERM);
  if (!listener_->wait_gone(std::chrono::seconds(10))) return {"the listener does not end on SIGTERM"};
  if (listener_->exit_code() != 0) found.push_back("the listener ended: " + listener_->captured());
  if (::access(scratch_.path("agent.sock").c_str(), F_OK) == 0) found.emplace_back("the listener's socket");
  return found;
}

}  // namespace stapsh::matrix
