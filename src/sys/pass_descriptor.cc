// SPDX-License-Identifier: Apache-2.0
#include "sys/pass_descriptor.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/assert.h"

namespace stapsh::sys {
namespace {

// A message of `bytes`, with room for one descriptor.
class Message {
 public:
  Message(char* bytes, std::size_t size) : piece_{bytes, size} {
    header_.msg_iov = &piece_;
    header_.msg_iovlen = 1;
    header_.msg_control = control_.data();
    header_.msg_controllen = control_.size();
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  msghdr& header() { return header_; }

 private:
  iovec piece_;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control_{};
  msghdr header_{};
};

}  // namespace

Result<IoResult> send_descriptor(int socket, std::string_view bytes, int fd) {
  Message message(const_cast<char*>(bytes.data()), bytes.size());  // NOLINT(*-const-cast): it is only read.
  cmsghdr* const header = CMSG_FIRSTHDR(&message.header());
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ssize_t sent = 0;
  do sent = ::sendmsg(socket, &message.header(), MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return IoResult{.would_block = true};
  if (sent < 0) return fail_errno("cannot hand on a descriptor", errno);
  STAPSH_ASSERT(static_cast<std::size_t>(sent) == bytes.size());
  return IoResult{.bytes = static_cast<std::size_t>(sent)};
}

Result<ReceivedDescriptor> receive_descriptor(int socket, std::span<char> buffer) {
  Message message(buffer.data(), buffer.size());
  ssize_t got = 0;
  do got = ::recvmsg(socket, &message.header(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  ReceivedDescriptor received;
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    received.io.would_block = true;
    return received;
  }
  if (got < 0) return fail_errno("cannot receive", errno);
  received.io.bytes = static_cast<std::size_t>(got);
  received.io.end = got == 0;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message.header());
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    received.fd = UniqueFd(fd);
  }
  // Without room for it among our open files the kernel drops it, and says so here.
  if ((message.header().msg_flags & MSG_CTRUNC) != 0) return fail_errno("cannot take a descriptor", EMFILE);
  return received;
}

}  // namespace stapsh::sys
