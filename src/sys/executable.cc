// SPDX-License-Identifier: Apache-2.0
#include "sys/executable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

// Source: include/uapi/linux/binfmts.h, MAX_ARG_STRLEN; fs/exec.c, bprm_stack_limits(): three quarters of 8 MiB.
constexpr std::size_t kArgumentPages = 32;
constexpr std::size_t kArgumentsBytesMax = std::size_t{6} << 20;
// The program's name, the ends of both lists, and what the kernel adds.
constexpr std::size_t kAuxiliaryBytes = 8'192;

/// 0, or the errno that exec would give.
int exec_errno(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  if (!S_ISREG(status.st_mode)) return EACCES;
  // Says no also on a noexec mount.
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

Result<> check_interpreter(const std::string& path, std::string_view first_line) {
  first_line = first_line.substr(0, first_line.find('\n'));
  const std::size_t begin = first_line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return fail_errno(path + ": names no interpreter after #!", ENOEXEC);
  const std::string interpreter(first_line.substr(begin, first_line.find_first_of(" \t", begin) - begin));
  if (const int error = exec_errno(interpreter)) return fail_errno(path + ": its interpreter " + interpreter, error);
  return {};
}

}  // namespace

Result<> check_executable(const std::string& path) {
  if (const int error = exec_errno(path)) return fail_errno(path, error);
  const auto file = open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return {};          // Execute-only, as set-user-ID programs can be: exec needs no more.
  std::array<char, 256> buffer;  // As much as the kernel looks at.
  const IoResult start = TRY(read_some(file->get(), buffer));
  const std::string_view bytes(buffer.data(), start.bytes);
  if (bytes.starts_with("#!")) return check_interpreter(path, bytes.substr(2));
  if (!bytes.starts_with("\177ELF")) return fail_errno(path + ": neither a program nor a #! script", ENOEXEC);
  return {};
}

bool is_denied_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && exec_errno(path) == EACCES;
}

Result<> check_arguments(const std::vector<std::string>& argv, const std::vector<std::string>& env) {
  const std::size_t one_max = kArgumentPages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) - 1;  // And its NUL.
  // The C library looks at the stack's limit only; the kernel stops at this whatever that is.
  const std::size_t all_max = std::min(static_cast<std::size_t>(::sysconf(_SC_ARG_MAX)), kArgumentsBytesMax);
  std::size_t all = kAuxiliaryBytes;
  for (const std::vector<std::string>* const words : {&argv, &env}) {
    for (const std::string& word : *words) {
      if (word.size() > one_max) {
        const std::string name = words == &argv ? "argument " + std::to_string(&word - argv.data())
                                                : "the environment's " + word.substr(0, word.find('='));
        return fail(Errc::kLimit, name + " has " + std::to_string(word.size()) + " bytes, over the " +
                                      std::to_string(one_max) + " that the kernel takes of one argument");
      }
      all += word.size() + 1 + sizeof(char*);
    }
  }
  if (all <= all_max) return {};
  return fail(Errc::kLimit, std::to_string(all) + " bytes of arguments and environment, over the " +
                                std::to_string(all_max) + " that the kernel takes; raise ulimit -s, or give fewer");
}

std::optional<std::string> find_executable(std::span<const std::string> dirs, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return std::nullopt;
  for (const std::string& dir : dirs) {
    std::string path = dir + "/" + name;
    if (!dir.empty() && exec_errno(path) == 0) return path;
  }
  return std::nullopt;
}

std::optional<std::string> find_in_path(const std::string& name) {
  const char* const variable = ::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "/usr/bin:/bin";
  std::vector<std::string> dirs;
  while (!rest.empty()) {
    dirs.emplace_back(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(rest.size(), dirs.back().size() + 1));
  }
  return find_executable(dirs, name);
}

std::string own_folder() {
  std::array<char, PATH_MAX> self{};
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size());
  const std::string path(self.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return path.substr(0, path.empty() ? 0 : path.rfind('/'));
}

}  // namespace stapsh::sys
