// SPDX-License-Identifier: Apache-2.0
#include "site.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace stapsh::real {
namespace {

bool accepts(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  (void)::close(fd);
  return connected;
}

}  // namespace

void wait_for_socket(const std::string& path, const Program& server) {
  const int fd = ::inotify_init1(IN_CLOEXEC);
  (void)::inotify_add_watch(fd, path.substr(0, path.rfind('/')).c_str(), IN_CREATE | IN_MOVED_TO);
  const auto deadline = std::chrono::steady_clock::now() + kBound;
  bool ready = false;
  // The name comes with bind(), the readiness with listen() just after it, which nothing announces: look again soon.
  while (!(ready = accepts(path)) && server.running() && std::chrono::steady_clock::now() < deadline) {
    pollfd event{fd, POLLIN, 0};
    (void)::poll(&event, 1, 10);
  }
  (void)::close(fd);
  if (!ready) throw HarnessError("nobody listens at " + path + ": " + server.captured());
}

Site::Site(Via via, const std::string& agent, const Scratch& scratch, MountNamespace& mounts, SshdOptions sshd)
    : via_(via), agent_(agent == kReleasedAgent ? agent : "/usr/bin/stapsh"), socket_(scratch.path("agent.sock")) {
  if (agent != agent_) mounts.replace(agent_, agent);
  const auto start = [&](std::vector<std::string> argv) {
    helper_ = std::make_unique<Program>(
        ProgramOptions{.argv = mounts.wrap(std::move(argv)), .env = scratch.environment(), .cwd = scratch.root()});
    wait_for_socket(socket_, *helper_);
  };
  switch (via) {
    case Via::kStapsh:
      break;
    case Via::kSocat:
      start({"socat", "UNIX-LISTEN:" + socket_ + ",fork", "EXEC:" + agent_});
      break;
    case Via::kListen:
      start({agent_, "--listen", "unix:" + socket_});
      break;
    case Via::kSsh:
      sshd.mounts = &mounts;
      sshd.environment.push_back("TMPDIR=" + scratch.tmp());
      sshd_ = std::make_unique<LoopbackSshd>(scratch, sshd);
      break;
  }
}

Site::~Site() {
  if (!helper_) return;
  helper_->send_signal(SIGTERM);  // A listener removes its socket, and its sessions with it.
  (void)helper_->wait_gone();
}

std::string Site::uri(int index) const {
  switch (via_) {
    case Via::kStapsh:
      return "stapsh:";
    case Via::kSocat:
    case Via::kListen:
      return "unix:" + socket_;
    case Via::kSsh:
      return "h" + std::to_string(index);
  }
  return "";
}

int Site::helper_pid() const {
  if (sshd_) return sshd_->pid();
  return helper_ ? helper_->pid() : 0;
}

std::string Site::path() const {
  const std::string system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return "PATH=" + (sshd_ ? sshd_->wrapper_folder() + ":" : "") + system;
}

}  // namespace stapsh::real
