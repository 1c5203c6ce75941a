// SPDX-License-Identifier: Apache-2.0
#include "client/cli/trusted_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace stapsh::client {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

class Descriptor {
 public:
  // O_NONBLOCK: a FIFO that nobody writes would hold us up before it can be told from a file.
  explicit Descriptor(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Descriptor() {
    if (fd_ >= 0) (void)::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

// Who may write it may have us run anything, by `ssh`, an exec: target or an alias.
Result<> check_owner(const struct stat& status, const std::string& path) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return fail(Errc::kUsage,
                fmt::format("{}: belongs to user {}, not to you or root, and could run programs as you; --no-config "
                            "goes without it",
                            path, status.st_uid));
  }
  const bool is_sticky_folder = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_sticky_folder) {
    return fail(Errc::kUsage,
                fmt::format("{}: others may write it, and could run programs as you; chmod go-w {}", path, path));
  }
  return {};
}

Result<> check_folder(const std::filesystem::path& file) {
  const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return fail_named(folder, errno);
  return check_owner(status, folder);
}

Result<> check_folders(const std::string& path) {
  TRY(check_folder(path));
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) return fail_named(path, error.value());
  return check_folder(real);
}

}  // namespace

Result<std::optional<std::string>> read_trusted_file(const std::string& path) {
  const Descriptor file(path);
  if (file.fd() < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::optional<std::string>();
  if (file.fd() < 0) return fail_named(path, errno);
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return fail_named(path, errno);
  if (S_ISDIR(status.st_mode)) return fail_named(path, EISDIR);
  if (!S_ISREG(status.st_mode)) return fail(Errc::kUsage, path + ": no regular file");
  TRY(check_owner(status, path));
  TRY(check_folders(path));
  std::string text;
  std::array<char, 16'384> buffer;
  while (true) {
    const ssize_t got = ::read(file.fd(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_named(path, errno);
    if (got == 0) return std::optional(std::move(text));
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kFileBytesMax) return fail(Errc::kUsage, path + ": over 1 MiB, which is no configuration");
  }
}

}  // namespace stapsh::client
