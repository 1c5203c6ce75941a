// SPDX-License-Identifier: Apache-2.0
#include "harness/sshd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>

#include "harness/measure.h"

namespace stapsh::bench {
namespace {

namespace fs = std::filesystem;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<unsigned short>(port));
  return address;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool good = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  (void)::close(fd);
  if (!good) throw BenchError("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

bool answers(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool good = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  (void)::close(fd);
  return good;
}

}  // namespace

LoopbackSshd::LoopbackSshd(const Site& site) : site_(site), port_(free_port()) {
  (void)::mkdir("/run/sshd", 0755);  // Where sshd wants its empty folder; a package's service makes it likewise.
  fs::create_directories(site.path("ssh/bin"));
  for (const char* key : {"ssh/host_key", "ssh/user_key"}) {
    Process keygen(
        {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", site.path(key)}, .wire = Wire::kNone});
    (void)keygen.wait_success();
  }
  const std::string config = site.write(
      "ssh/sshd_config",
      "Port " + std::to_string(port_) + "\nListenAddress 127.0.0.1\nHostKey " + site.path("ssh/host_key") +
          "\nAuthorizedKeysFile " + site.path("ssh/user_key.pub") +
          "\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
          "PermitRootLogin yes\nPrintLastLog no\nPrintMotd no\nUseDNS no\nMaxStartups 1000:30:2000\n"
          "Subsystem sftp internal-sftp\n"  // What scp speaks since OpenSSH 9.
          "SetEnv PATH=" +
          site.path("ssh/bin") + ":/usr/bin:/bin TMPDIR=" + site.path("tmp") + " XDG_CACHE_HOME=" + site.path("tmp") +
          "\n");
  site.write("ssh/ssh_config", "");
  delay_connections(0);
  site.replace("/etc/ssh/ssh_config", site.path("ssh/ssh_config"));
  sshd_ = std::make_unique<Process>(
      ProcessOptions{.argv = {"/usr/sbin/sshd", "-D", "-E", site.path("ssh/log"), "-f", config}, .wire = Wire::kNone});
  for (int attempt = 0; !answers(port_); ++attempt) {
    if (attempt == 1'000) throw BenchError("sshd does not answer; its log: " + site.path("ssh/log"));
    const timespec pause{0, 10'000'000};
    (void)::nanosleep(&pause, nullptr);
  }
}

void LoopbackSshd::offer_agent(const std::string& program) const {
  const std::string link = site_.path("ssh/bin/stapsh");
  (void)::unlink(link.c_str());
  fs::create_symlink(program, link);
}

void LoopbackSshd::delay_connections(unsigned milliseconds) const {
  std::string text =
      "Host h*\n  HostName 127.0.0.1\n  Port " + std::to_string(port_) + "\n  User root\n  IdentityFile " +
      site_.path("ssh/user_key") +
      "\n  IdentitiesOnly yes\n  BatchMode yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile "
      "/dev/null\n  GlobalKnownHostsFile /dev/null\n  LogLevel ERROR\n  ControlMaster no\n  ControlPath none\n";
  if (milliseconds > 0) {
    text += "  ProxyUseFdpass yes\n  ProxyCommand " + site_.program("delayed_connect") + " " +
            std::to_string(milliseconds) + " " + std::to_string(port_) + "\n";
  }
  site_.write("ssh/ssh_config", text);
}

}  // namespace stapsh::bench
