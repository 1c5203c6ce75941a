// SPDX-License-Identifier: Apache-2.0
// Unix stream sockets by path. A path longer than 107 bytes does not fit into an address: that is said, not truncated.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

constexpr std::size_t kSocketPathBytesMax = 107;

/// A listening socket, nonblocking, and its file, which is removed at destruction if it still is the same file.
class UnixListener {
 public:
  UnixListener() = default;
  UnixListener(UnixListener&&) noexcept = default;
  UnixListener& operator=(UnixListener&& other) noexcept;
  ~UnixListener() { remove_file(); }

  [[nodiscard]] bool valid() const { return fd_.valid(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// For a forked process that must leave the file to its parent.
  void abandon() { path_.clear(); }

 private:
  friend Result<UnixListener> listen_unix(const std::string& path);
  void remove_file() noexcept;

  UniqueFd fd_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Listens at `path`, which only this user may connect to (0600). A socket file of ours that nobody listens on is
/// replaced; one that somebody does, a file of another kind or of another user, and a folder where others could put one
/// in its place are refused.
Result<UnixListener> listen_unix(const std::string& path);

/// The next waiting connection, blocking and close-on-exec; nothing if there is none, or if it is gone already.
Result<std::optional<UniqueFd>> accept_one(const UnixListener& listener);

/// Who is at the other end of a connected socket, at either end of it. The kernel noted the user when the other end
/// connected, or began to listen; nothing that happens to the path since then changes it. Source: unix(7), SO_PEERCRED.
Result<uid_t> peer_user(int fd);

/// Whether a connection to the socket at `path` waits to be accepted: its owner serves another one, or hangs. False
/// also where /proc does not tell (another network namespace), or knows the socket by another path.
bool connection_waits(const std::string& path);

/// Whether somebody is connected to the socket at `path`: accepted, and not yet closed by its owner. False also where
/// /proc does not tell.
bool has_connection(const std::string& path);

/// A socket to connect with; nonblocking.
Result<UniqueFd> make_unix_socket();
/// Connects it. False: the listener's queue is full; try again. No event tells when.
Result<bool> try_connect_unix(int fd, const std::string& path);
/// Connects; the descriptor is blocking. Waits only while the listener's queue is full.
Result<UniqueFd> connect_unix(const std::string& path);

}  // namespace stapsh::sys
