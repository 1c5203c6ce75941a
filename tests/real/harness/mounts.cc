// SPDX-License-Identifier: Apache-2.0
#include "mounts.h"

#include <unistd.h>

namespace stapsh::real {
namespace {

// Paths are ours (scratch folders, build folders); one with a quote in it would be a strange one.
std::string in_quotes(std::string_view path) { return "'" + std::string(path) + "'"; }

std::string base_name(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

}  // namespace

MountNamespace& MountNamespace::replace(std::string_view path, std::string_view with) {
  const std::string text(path);
  if (::access(text.c_str(), F_OK) != 0) missing_ += ": > " + in_quotes(scratch_ + "/upper/" + base_name(path)) + "; ";
  mounts_ += "mount --bind " + in_quotes(with) + " " + in_quotes(path) + "; ";
  return *this;
}

MountNamespace& MountNamespace::hide(std::string_view path) {
  // A character device 0/0 in the upper folder is how an overlay says "not here".
  hidden_ += "mknod " + in_quotes(scratch_ + "/upper/" + base_name(path)) + " c 0 0; ";
  return *this;
}

MountNamespace& MountNamespace::small_disk(std::string_view path, std::size_t kib) {
  mounts_ += "mount -t tmpfs -o mode=1777,size=" + std::to_string(kib) + "k small " + in_quotes(path) + "; ";
  return *this;
}

MountNamespace& MountNamespace::policy_folder(std::string_view folder) {
  const std::string base = in_quotes(scratch_ + "-etc");
  mounts_ += "mkdir -p " + base + "; mount -t tmpfs -o mode=755 etc " + base + "; mkdir -p " + base + "/upper/stapsh " +
             base + "/work; mount -t overlay overlay -o lowerdir=/etc,upperdir=" + base + "/upper,workdir=" + base +
             "/work /etc; mount --bind " + in_quotes(folder) + " /etc/stapsh; ";
  return *this;
}

MountNamespace& MountNamespace::log_folder(std::string_view folder) {
  const std::string at(folder);
  // The devices that programs need are what there is of /dev. The kernel's own messages are nobody's here.
  mounts_ += "mkdir -p " + in_quotes(at + "/systemd/journal") + " " + in_quotes(at + "/log/journal") +
             " /run/systemd /run/log; mount --bind " + in_quotes(at + "/systemd") + " /run/systemd; mount --bind " +
             in_quotes(at + "/log") + " /run/log; mkdir -p " + in_quotes(at + "/dev") + "; mount --rbind /dev " +
             in_quotes(at + "/dev") +
             "; mount -t tmpfs -o mode=755 dev /dev; for f in null zero full random urandom tty; do : > "
             "/dev/$f; mount --bind " +
             in_quotes(at) +
             "/dev/$f /dev/$f; done; : > /dev/kmsg; mount --bind /dev/null "
             "/dev/kmsg; ln -s " +
             in_quotes(at + "/syslog") + " /dev/log; ";
  return *this;
}

MountNamespace& MountNamespace::restrict(std::string_view path, std::string_view option) {
  // With what is mounted below it, as our own /run/stapsh is: else the machine's would be there. Programs under test
  // stay as they are, wherever they were built.
  const std::string_view agent = STAPSH_AGENT;
  const std::string programs = in_quotes(agent.substr(0, agent.rfind('/')));
  mounts_ += "mount --bind " + programs + " " + programs + "; mount --rbind " + in_quotes(path) + " " +
             in_quotes(path) + "; mount -o remount,bind," + std::string(option) + " " + in_quotes(path) + "; ";
  return *this;
}

MountNamespace& MountNamespace::read_only_run() {
  mounts_ += "mount -t tmpfs -o ro,mode=755 run /run; ";
  return *this;
}

MountNamespace& MountNamespace::tracing() {
  mounts_ +=
      "test -e /sys/kernel/debug/tracing || mount -t debugfs debugfs /sys/kernel/debug; "
      "test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing; ";
  return *this;
}

MountNamespace& MountNamespace::lift_memlock_limit() {
  starter_ = STAPSH_NO_RLIMIT " ";
  return *this;
}

std::vector<std::string> MountNamespace::wrap(std::vector<std::string> argv) const {
  // Agents of other tests, and of this machine, keep theirs there.
  const std::string records = in_quotes(scratch_.substr(0, scratch_.rfind('/')) + "/records");
  std::string script = "set -e; mkdir -p -m 700 /run/stapsh; mount --bind " + records + " /run/stapsh; ";
  if (!missing_.empty() || !hidden_.empty()) {
    // The upper folder is on a tmpfs: in a container, the root itself is often an overlay, which can't be one.
    const std::string base = in_quotes(scratch_);
    script += "mkdir -p " + base + "; mount -t tmpfs upper " + base + "; mkdir " + base + "/upper " + base + "/work; " +
              hidden_ + missing_ + "mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=" + base +
              "/upper,workdir=" + base + "/work /usr/bin; ";
  }
  script += mounts_ + "exec " + starter_ + "\"$@\"";
  std::vector<std::string> all{"/usr/bin/unshare", "-m", "--propagation", "private", "/bin/sh", "-c", script, "sh"};
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

}  // namespace stapsh::real
