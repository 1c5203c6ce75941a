// SPDX-License-Identifier: Apache-2.0
#include "scratch.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace stapsh::real {

namespace fs = std::filesystem;

Scratch::Scratch() {
  // Not $TMPDIR: socket names below it must stay under 107 bytes.
  std::string name = "/tmp/rt.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw HarnessError("mkdtemp " + name + " failed");
  root_ = name;
  cgroup_.emplace(fs::path(root_).filename().string());
  for (const char* folder : {"tmp", "home", "cache", "systemtap", "records"}) make_folder(folder);
  fs::permissions(records(), fs::perms::owner_all);
}

Scratch::~Scratch() {
  std::error_code ignored;  // A leftover mount would be busy; the leak oracle has reported its holder by now.
  fs::remove_all(root_, ignored);
}

std::string Scratch::write(std::string_view name, std::string_view text, unsigned mode) const {
  const std::string file = path(name);
  fs::create_directories(fs::path(file).parent_path());
  std::ofstream(file, std::ios::binary) << text;
  fs::permissions(file, static_cast<fs::perms>(mode));
  return file;
}

std::string Scratch::copy_program(std::string_view from, std::string_view name) const {
  const std::string file = path(name);
  fs::create_directories(fs::path(file).parent_path());
  fs::copy_file(from, file, fs::copy_options::overwrite_existing);
  fs::permissions(file, static_cast<fs::perms>(0755));
  return file;
}

std::string Scratch::make_folder(std::string_view name) const {
  fs::create_directories(path(name));
  return path(name);
}

void Scratch::mount_records() const {
  (void)::mkdir("/run/stapsh", 0700);  // As an agent makes it: it stays, and one that others can read is not used.
  if (::mount(records().c_str(), "/run/stapsh", nullptr, MS_BIND, nullptr) != 0) {
    throw HarnessError(std::string("mount --bind /run/stapsh: ") + std::strerror(errno));
  }
}

std::vector<std::string> Scratch::environment() const {
  std::vector<std::string> all{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                               "LC_ALL=C",
                               "USER=root",
                               "LOGNAME=root",
                               "TMPDIR=" + tmp(),
                               "HOME=" + path("home"),
                               "XDG_CACHE_HOME=" + path("cache"),
                               "SYSTEMTAP_DIR=" + path("systemtap")};
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) all.push_back(std::string(name) + "=" + value);
  }
  return all;
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace stapsh::real
