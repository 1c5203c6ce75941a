// SPDX-License-Identifier: Apache-2.0
#include "harness/site.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "harness/measure.h"
#include "harness/process.h"

namespace stapsh::bench {

namespace fs = std::filesystem;

bool exists(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

Site::Site() {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw BenchError(std::string("a mount namespace of our own: ") + std::strerror(errno) + "; run as root");
  }
  static const fs::path temporary = fs::temp_directory_path();  // We are about to change it.
  std::string name = (temporary / "stapsh-bench.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw BenchError("mkdtemp " + name + ": " + std::strerror(errno));
  folder_ = name;
  programs_ = fs::read_symlink("/proc/self/exe").parent_path().string();
  fs::create_directory(path("tmp"));
  // One file system for everybody's files, and nothing of the user's is touched.
  (void)::setenv("TMPDIR", path("tmp").c_str(), 1);
  (void)::setenv("SYSTEMTAP_DIR", path("systemtap").c_str(), 1);
  (void)::setenv("LC_ALL", "C", 1);
}

Site::~Site() {
  std::error_code ignored;  // What can't be removed is in the temporary folder.
  fs::remove_all(folder_, ignored);
}

void Site::replace(const std::string& path, const std::string& with) const {
  if (::mount(with.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    throw BenchError("bind " + with + " over " + path + ": " + std::strerror(errno));
  }
}

std::string Site::write(std::string_view name, std::string_view text, unsigned mode) const {
  const std::string file = path(name);
  fs::create_directories(fs::path(file).parent_path());
  std::ofstream(file, std::ios::binary) << text;
  fs::permissions(file, static_cast<fs::perms>(mode));
  return file;
}

std::string make_kernel_build(const Site& site) {
  std::string folder = site.path("kernel-build");
  Process make({.argv = {STAPSH_MAKE_KERNEL_BUILD, folder}, .wire = Wire::kNone});
  (void)make.wait_success();
  return folder;
}

}  // namespace stapsh::bench
