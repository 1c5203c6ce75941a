// SPDX-License-Identifier: Apache-2.0
#include "client/build/script_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kStreamBytesMax = std::size_t{16} << 20;

bool is_standard_input(std::string_view path) {
  return path == "/dev/stdin" || path == "/dev/fd/0" || path == "/proc/self/fd/0";
}

Result<std::string> read_all(int fd, const std::string& title, std::size_t bytes_max) {
  std::string text;
  std::array<char, 65'536> buffer;
  while (true) {
    const Result<sys::IoResult> got = sys::read_some(fd, buffer);
    if (!got) return fail_named(title, got.error().sys_errno);
    if (got->end) return text;
    if (got->would_block) TRY(sys::wait_for(fd, POLLIN, TimePoint::max()));
    text.append(buffer.data(), got->bytes);
    if (text.size() > bytes_max) return fail(Errc::kUsage, title + " is over 16 MiB");
  }
}

}  // namespace

Result<std::string> read_standard_input() {
  return read_all(STDIN_FILENO, "the script on standard input", kStreamBytesMax);
}

Result<std::string> read_source(const std::string& path, const std::string& title) {
  if (is_standard_input(path)) return read_standard_input();
  const Result<sys::UniqueFd> fd = sys::open_at(AT_FDCWD, path, O_RDONLY);
  if (!fd) return fail_named(title, fd.error().sys_errno);
  struct stat status {};
  if (::fstat(fd->get(), &status) != 0) return fail_named(title, errno);
  if (S_ISDIR(status.st_mode)) return fail_named(title, EISDIR);
  return read_all(fd->get(), title, S_ISREG(status.st_mode) ? SIZE_MAX : kStreamBytesMax);
}

Result<bool> can_be_opened_by_others(const std::string& path, const std::string& title) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), R_OK) != 0) return fail_named(title, errno);
  if (S_ISDIR(status.st_mode)) return fail_named(title, EISDIR);
  const std::string_view name = path;
  const bool ours = is_standard_input(name) || name.starts_with("/dev/fd/") || name.starts_with("/proc/self/fd/");
  return S_ISREG(status.st_mode) && !ours;
}

}  // namespace stapsh::client
