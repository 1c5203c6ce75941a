// SPDX-License-Identifier: Apache-2.0
#include "sys/log_socket.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "sys/io.h"
#include "sys/unique_fd.h"
#include "sys/unix_socket.h"

namespace stapsh::sys {
namespace {

/// `file`: a descriptor that goes with it; -1: none.
Result<> send_datagram(const std::string& path, std::string_view bytes, int file) {
  sockaddr_un address{};
  if (path.size() > kSocketPathBytesMax) return fail_errno(path, ENAMETOOLONG);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail_errno(path, errno);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kLogLimit).count();
  const timeval limit{.tv_sec = seconds, .tv_usec = 0};
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // Else it may wait for longer.

  iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof file)> control{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  if (file < 0) {
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
  } else {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof file);
    std::memcpy(CMSG_DATA(header), &file, sizeof file);
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(fd.get(), &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  if (errno == EAGAIN) return fail(Errc::kTimeout, path + ": whoever listens there does not read", EAGAIN);
  return fail_errno(path, errno);
}

}  // namespace

Result<> send_to_log(const std::string& path, std::string_view bytes) { return send_datagram(path, bytes, -1); }

Result<> send_to_journal(const std::string& path, std::string_view bytes) {
  Result<> sent = send_datagram(path, bytes, -1);
  if (sent || (sent.error().sys_errno != EMSGSIZE && sent.error().sys_errno != ENOBUFS)) return sent;
  const UniqueFd file(::memfd_create("stapsh-log", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return fail_errno("memfd", errno);
  TRY(write_all(file.get(), bytes, kLogLimit));
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return fail_errno("memfd", errno);
  }
  return send_datagram(path, {}, file.get());
}

std::string syslog_time() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  std::array<char, 32> text{};
  const std::size_t size =
      ::localtime_r(&now, &local) != nullptr ? std::strftime(text.data(), text.size(), "%b %e %H:%M:%S", &local) : 0;
  return {text.data(), size};
}

}  // namespace stapsh::sys
