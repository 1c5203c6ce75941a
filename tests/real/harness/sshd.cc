// SPDX-License-Identifier: Apache-2.0
#include "sshd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stapsh::real {
namespace {

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw HarnessError("no free port on 127.0.0.1");
  (void)::close(fd);
  return ntohs(address.sin_port);
}

std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& line : all) text += line + "\n";
  return text;
}

void make_key(const Scratch& scratch, const std::string& file) {
  if (!read_file(file).empty()) return;  // A test may start several servers, one after the other.
  Program keygen({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file}, .env = scratch.environment()});
  if (keygen.wait_exit() != 0) throw HarnessError("ssh-keygen: " + keygen.captured());
}

}  // namespace

LoopbackSshd::LoopbackSshd(const Scratch& scratch, const SshdOptions& options) {
  const std::string folder = scratch.make_folder("ssh"), host_key = folder + "/host_key",
                    user_key = folder + "/user_key";
  make_key(scratch, host_key);
  make_key(scratch, user_key);
  (void)::mkdir("/run/sshd", 0755);  // Where sshd wants its empty folder; a package's service makes it likewise.

  std::string set_env;
  for (const std::string& variable : options.environment) set_env += " " + variable;
  if (!set_env.empty()) set_env = "SetEnv" + set_env + "\n";

  for (int attempt = 0; attempt < 5; attempt++) {  // Somebody else may take the port between the two of us.
    port_ = free_port();
    const std::string config = scratch.write(
        "ssh/sshd_config", lines(options.server_lines) + set_env + "Port " + std::to_string(port_) +
                               "\nListenAddress 127.0.0.1\nHostKey " + host_key + "\nAuthorizedKeysFile " + user_key +
                               ".pub\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
                               "KbdInteractiveAuthentication no\nPermitRootLogin yes\nPrintLastLog no\nPrintMotd no\n"
                               "UseDNS no\nMaxStartups 1000:30:2000\nMaxSessions 1000\n");
    std::vector<std::string> argv{"/usr/sbin/sshd", "-D", "-e", "-f", config};
    if (options.mounts != nullptr) argv = options.mounts->wrap(argv);
    sshd_ = std::make_unique<Program>(ProgramOptions{.argv = argv, .env = scratch.environment()});
    if (sshd_->wait_for_err("Server listening on 127.0.0.1") || sshd_->running()) break;
    if (sshd_->err().find("Address already in use") == std::string::npos) throw HarnessError(sshd_->captured());
  }

  const std::string config = scratch.write(
      "ssh/ssh_config",
      lines(options.client_lines) + "Host h0 h1 h2 h3 h4 h5 h6 h7 h8 h9 h?? 127.0.0.1\n  HostName 127.0.0.1\n  Port " +
          std::to_string(port_) + "\n  User root\nHost *\n  IdentityFile " + user_key +
          "\n  IdentitiesOnly yes\n  BatchMode yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile " + folder +
          "/known_hosts\n  GlobalKnownHostsFile /dev/null\n  LogLevel ERROR\n"
          "  ControlMaster no\n  ControlPath none\n");
  wrapper_folder_ = scratch.make_folder("ssh/bin");
  scratch.write("ssh/bin/ssh", "#!/bin/sh\nexec /usr/bin/ssh -F " + config + " \"$@\"\n", 0755);
}

}  // namespace stapsh::real
