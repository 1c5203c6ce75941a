// SPDX-License-Identifier: Apache-2.0
#include "sys/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "sys/accept.h"

namespace stapsh::sys {
namespace {

const sockaddr* generic(const sockaddr_un& address) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls are made.
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  static_assert(sizeof address.sun_path == kSocketPathBytesMax + 1);
  if (path.empty()) return fail(Errc::kUsage, "a socket path must not be empty");
  if (path.size() > kSocketPathBytesMax) {
    return fail(Errc::kLimit, path + ": " + std::to_string(path.size()) + " bytes; a socket path can have " +
                                  std::to_string(kSocketPathBytesMax) + " at most: use a shorter one");
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<UniqueFd> make_socket(int flags = 0) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd.valid()) return fail_errno("cannot make a socket", errno);
  return fd;
}

/// Whoever may rename what is in the folder could put a socket of theirs in the place of ours.
Result<> check_folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return fail_errno(folder, errno);
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return fail(Errc::kSystem, path + ": the folder belongs to user " + std::to_string(status.st_uid) +
                                   ", who could put another socket there; choose a folder of root's or of your own");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0) {
    return fail(Errc::kSystem, path +
                                   ": others may write to the folder, and could put another socket there; chmod go-w "
                                   "it, or choose another folder");
  }
  return {};
}

/// Removes the file in our way if it is a socket of ours whose listener is gone.
Result<> remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat before {};
  if (::lstat(path.c_str(), &before) != 0) return errno == ENOENT ? Result<>() : fail_errno(path, errno);
  if (before.st_uid != ::geteuid()) {
    return fail_errno(path + ": is there, and belongs to user " + std::to_string(before.st_uid), EADDRINUSE);
  }
  if (!S_ISSOCK(before.st_mode)) return fail_errno(path + ": is there, and is not a socket", EADDRINUSE);
  const UniqueFd probe = TRY(make_socket(SOCK_NONBLOCK));
  const bool connected = ::connect(probe.get(), generic(address), sizeof address) == 0;
  if (connected || errno == EAGAIN) return fail_errno(path + ": somebody listens there already", EADDRINUSE);
  if (errno == ENOENT) return {};
  if (errno != ECONNREFUSED) return fail_errno(path, errno);
  struct stat after {};  // Another agent may have replaced it since.
  const bool same = ::lstat(path.c_str(), &after) == 0 && after.st_ino == before.st_ino;
  if (same && ::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(path, errno);
  return {};
}

}  // namespace

UnixListener& UnixListener::operator=(UnixListener&& other) noexcept {
  if (this == &other) return *this;
  remove_file();
  fd_ = std::move(other.fd_);
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void UnixListener::remove_file() noexcept {
  if (!fd_.valid() || path_.empty()) return;
  // Once more where it fails: there is nobody left to tell.
  for (int attempt = 0; attempt < 2; ++attempt) {
    struct stat status {};
    if (::lstat(path_.c_str(), &status) != 0) {
      if (errno == ENOENT) return;
      continue;
    }
    if (status.st_dev != device_ || status.st_ino != inode_) return;
    if (::unlink(path_.c_str()) == 0 || errno == ENOENT) return;
  }
}

Result<UnixListener> listen_unix(const std::string& path) {
  const sockaddr_un address = TRY(unix_address(path));
  TRY(check_folder(path));
  UnixListener listener;
  listener.fd_ = TRY(make_socket(SOCK_NONBLOCK));
  // Before bind, so that the file never has another mode, whatever the umask.
  if (::fchmod(listener.fd_.get(), 0600) != 0) return fail_errno(path, errno);
  int bound = ::bind(listener.fd_.get(), generic(address), sizeof address);
  if (bound != 0 && errno == EADDRINUSE) {
    TRY(remove_stale(path, address));
    bound = ::bind(listener.fd_.get(), generic(address), sizeof address);
  }
  if (bound != 0) return fail_errno(path, errno);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    const int lstat_errno = errno;
    (void)::unlink(path.c_str());  // We have just made it; the error below is what matters.
    return fail_errno(path, lstat_errno);
  }
  listener.path_ = path;
  listener.device_ = status.st_dev;
  listener.inode_ = status.st_ino;
  if (::listen(listener.fd_.get(), kListenBacklog) != 0) return fail_errno(path, errno);
  return listener;
}

Result<std::optional<UniqueFd>> accept_one(const UnixListener& listener) {
  return accept_connection(listener.fd(), listener.path());
}

Result<uid_t> peer_user(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return fail_errno("whose end it is", errno);
  return peer.uid;
}

// Lines of /proc/net/unix: ADDRESS: REFERENCES PROTOCOL FLAGS TYPE STATE INODE PATH. A connection that nobody has
// accepted yet is at its listener's path, connecting (02), and has no inode; an accepted one is connected (03).
namespace {
bool in_state(const std::string& path, std::string_view state) {
  if (path.empty()) return false;
  std::ifstream table("/proc/net/unix");
  for (std::string line; std::getline(table, line);) {
    if (line.ends_with(" " + path) && line.find(state) != std::string::npos) return true;
  }
  return false;
}
}  // namespace

bool connection_waits(const std::string& path) { return in_state(path, " 02 "); }

bool has_connection(const std::string& path) { return in_state(path, " 03 "); }

Result<UniqueFd> make_unix_socket() { return make_socket(SOCK_NONBLOCK); }

Result<bool> try_connect_unix(int fd, const std::string& path) {
  const sockaddr_un address = TRY(unix_address(path));
  int connected = 0;
  do connected = ::connect(fd, generic(address), sizeof address);
  while (connected != 0 && errno == EINTR);
  if (connected != 0 && errno != EAGAIN) return fail_errno(path, errno);
  return connected == 0;
}

Result<UniqueFd> connect_unix(const std::string& path) {
  const sockaddr_un address = TRY(unix_address(path));
  UniqueFd fd = TRY(make_socket());
  int connected = 0;
  do connected = ::connect(fd.get(), generic(address), sizeof address);
  while (connected != 0 && errno == EINTR);
  if (connected != 0) return fail_errno(path, errno);
  return fd;
}

}  // namespace stapsh::sys
