// SPDX-License-Identifier: Apache-2.0
#include "containers.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

// Until its input ends; then the cgroups below $1 go. crun refuses version 1 and 2 of cgroups side by side.
constexpr const char* kMachine = R"(
mount -t tmpfs run /run
mount -t tmpfs lib /var/lib
! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo ready
read -r end || :
test ! -e "$1" || find "$1" -depth -type d -exec rmdir {} +
)";

std::string pid_namespace_of(const std::string& pid) {
  std::array<char, 64> target;
  const ssize_t size = ::readlink(("/proc/" + pid + "/ns/pid").c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : "";
}

std::string name_of(const std::string& pid) {
  std::string text = read_file("/proc/" + pid + "/comm");
  return text.substr(0, text.find('\n'));
}

/// With a link of busybox's for each of its programs.
std::string make_root(const Scratch& scratch, const std::string& name) {
  std::string root = scratch.make_folder("root-" + name);
  for (const char* folder :
       {"bin", "dev", "etc", "lib", "lib64", "proc", "root", "run", "sys", "tmp", "usr", "var/tmp"})
    fs::create_directories(root + "/" + folder);
  fs::permissions(root + "/tmp", fs::perms::all | fs::perms::sticky_bit);
  fs::permissions(root + "/var/tmp", fs::perms::all | fs::perms::sticky_bit);
  fs::copy_file("/bin/busybox", root + "/bin/busybox");
  Program install({.argv = {"/usr/sbin/chroot", root, "/bin/busybox", "--install", "-s", "/bin"}});
  if (install.wait_exit() != 0) throw HarnessError("busybox: " + install.captured());
  return root;
}

}  // namespace

Podman::Podman(const Scratch& scratch)
    : scratch_(scratch), cgroup_("/" + fs::path(scratch.root()).filename().string() + ".podman") {
  scratch.make_folder("podman");
  keeper_ =
      std::make_unique<Program>(ProgramOptions{.argv = {"/usr/bin/unshare", "-m", "--propagation", "private", "/bin/sh",
                                                        "-ec", kMachine, "sh", "/sys/fs/cgroup" + cgroup_},
                                               .env = scratch.environment(),
                                               .input = ProgramOptions::Input::kPipe});
  if (!keeper_->wait_for_out("ready")) throw HarnessError("no machine for podman: " + keeper_->captured());
  scratch.write("podman/podman",
                "#!/bin/sh\necho $$ > " + scratch.path("podman/last") + "\nexec /usr/bin/nsenter --mount=/proc/" +
                    std::to_string(keeper_->pid()) +
                    "/ns/mnt " STAPSH_NO_RLIMIT  // Whatever a container may do with devices is a program of BPF.
                    " /usr/bin/podman --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "
                    "--runtime crun \"$@\"\n",
                0755);
}

Podman::~Podman() {
  keeper_->close_input();
  (void)keeper_->wait_exit();
}

int Podman::last_pid() const { return std::stoi(read_file(scratch_.path("podman/last"))); }

std::string Podman::run(const std::vector<std::string>& words) const {
  ProgramOptions options{.argv = {folder() + "/podman"}, .env = scratch_.environment()};
  options.argv.insert(options.argv.end(), words.begin(), words.end());
  Program podman(options);
  if (podman.wait_exit() != 0) throw HarnessError("podman: " + podman.captured());
  std::string text = podman.out();
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> with_bpftrace() {
  return {"--privileged", "--volume=/usr:/usr:ro", "--volume=/lib:/lib:ro", "--volume=/lib64:/lib64:ro"};
}

Container::Container(const Podman& podman, const Scratch& scratch, std::string name,
                     const std::vector<std::string>& options)
    : podman_(podman), name_(std::move(name)) {
  // Podman's own limits may be higher than a root may raise them, or need a controller of cgroups that is not there.
  std::vector<std::string> words{"run",
                                 "--detach",
                                 "--name",
                                 name_,
                                 "--network=none",
                                 "--cgroup-parent=" + podman_.cgroup(),
                                 "--pids-limit=-1",
                                 "--ulimit=nofile=1024:1024",
                                 "--ulimit=nproc=1000:1000"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"--rootfs", make_root(scratch, name_), "/bin/busybox", "sleep", "100000"});
  podman_.run(words);
  note_pids();
  files_before_ = files();
}

Container::~Container() {
  try {
    podman_.run({"rm", "--force", "--time", "0", name_});
  } catch (const HarnessError& error) {
    ADD_FAILURE() << error.what();
  }
}

void Container::start() {
  podman_.run({"start", name_});
  note_pids();
}

void Container::kill() const { podman_.run({"kill", name_}); }

void Container::note_pids() {
  pid_ = std::stoi(podman_.run({"inspect", "--format", "{{.State.Pid}}", name_}));
  monitor_ = std::stoi(podman_.run({"inspect", "--format", "{{.State.ConmonPid}}", name_}));
}

std::vector<std::string> Container::files() const {
  std::vector<std::string> all;
  for (const std::string folder : {"/dev/shm", "/root", "/run", "/tmp", "/var"}) {
    const std::string root = "/proc/" + std::to_string(pid_) + "/root";
    std::error_code gone;
    for (auto at = fs::recursive_directory_iterator(root + folder, gone); at != fs::recursive_directory_iterator();
         at.increment(gone)) {
      all.push_back("file " + at->path().string().substr(root.size()));
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> Container::left() const {
  std::vector<std::string> all;
  const std::string first = std::to_string(pid_), here = pid_namespace_of(first);
  if (here.empty()) return {"no container"};
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid != first && pid_namespace_of(pid) == here) all.push_back("process " + name_of(pid));
  }
  const std::vector<std::string> now = files();
  std::set_difference(now.begin(), now.end(), files_before_.begin(), files_before_.end(), std::back_inserter(all));
  return all;
}

}  // namespace stapsh::real
