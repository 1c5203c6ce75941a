// SPDX-License-Identifier: Apache-2.0
#include "sys/io.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/assert.h"
#include "sys/clock.h"

namespace stapsh::sys {
namespace {

bool is_would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

template <typename Call>
ssize_t again_if_interrupted(Call call) {
  for (;;) {
    const ssize_t count = call();
    if (count >= 0 || errno != EINTR) return count;
  }
}

/// recv or send where `fd` is a socket, read or write where it is not. Asking costs other files one short call.
template <typename SocketCall, typename FileCall>
ssize_t socket_or_file(SocketCall socket_call, FileCall file_call) {
  const ssize_t count = again_if_interrupted(socket_call);
  return count < 0 && errno == ENOTSOCK ? again_if_interrupted(file_call) : count;
}

timespec to_timespec(Duration duration) {
  const auto left = std::min(duration, Duration(std::chrono::hours(24)));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
}

}  // namespace

Result<IoResult> read_some(int fd, std::span<char> buffer) {
  STAPSH_ASSERT(!buffer.empty());
  const ssize_t count = socket_or_file([&] { return ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT); },
                                       [&] { return ::read(fd, buffer.data(), buffer.size()); });
  if (count > 0) return IoResult{.bytes = static_cast<std::size_t>(count)};
  if (count == 0) return IoResult{.end = true};
  if (is_would_block(errno)) return IoResult{.would_block = true};
  return fail_errno("cannot read", errno);
}

Result<IoResult> peek_some(int socket, std::span<char> buffer) {
  STAPSH_ASSERT(!buffer.empty());
  const ssize_t count =
      again_if_interrupted([&] { return ::recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT); });
  if (count > 0) return IoResult{.bytes = static_cast<std::size_t>(count)};
  if (count == 0) return IoResult{.end = true};
  if (is_would_block(errno)) return IoResult{.would_block = true};
  return fail_errno("cannot look", errno);
}

Result<IoResult> write_some(int fd, std::string_view bytes, bool more_follows) {
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more_follows ? MSG_MORE : 0);
  const ssize_t count = socket_or_file([&] { return ::send(fd, bytes.data(), bytes.size(), flags); },
                                       [&] { return ::write(fd, bytes.data(), bytes.size()); });
  if (count >= 0) return IoResult{.bytes = static_cast<std::size_t>(count)};
  if (is_would_block(errno)) return IoResult{.would_block = true};
  return fail_errno("cannot write", errno);
}

Result<SpliceResult> splice_some(int from_pipe, int to, std::size_t bytes_max, bool more_follows) {
  const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more_follows ? SPLICE_F_MORE : 0U);
  const ssize_t count =
      again_if_interrupted([&] { return ::splice(from_pipe, nullptr, to, nullptr, bytes_max, flags); });
  if (count > 0) return SpliceResult{.bytes = static_cast<std::size_t>(count)};
  if (count == 0) return SpliceResult{.end = true};
  if (is_would_block(errno)) return SpliceResult{.would_block = true};
  if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) return SpliceResult{.unsupported = true};
  return fail_errno("cannot splice", errno);
}

Result<> write_all(int fd, std::string_view bytes, Duration limit) {
  const TimePoint deadline = deadline_after(limit);
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return fail_errno("cannot write", errno);
  // POLLOUT promises room for PIPE_BUF bytes; more would wait in a blocking pipe. A socket never waits here.
  int type = 0;
  socklen_t type_size = sizeof type;
  const bool may_wait = (flags & O_NONBLOCK) == 0 && ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0;
  const std::size_t piece_bytes_max = may_wait ? PIPE_BUF : bytes.size();
  while (!bytes.empty()) {
    if (may_wait && !TRY(wait_for(fd, POLLOUT, deadline))) return fail(Errc::kTimeout, "cannot write: nobody reads");
    const IoResult written = TRY(write_some(fd, bytes.substr(0, piece_bytes_max)));
    bytes.remove_prefix(written.bytes);
    if (written.would_block && !TRY(wait_for(fd, POLLOUT, deadline))) {
      return fail(Errc::kTimeout, "cannot write: nobody reads");
    }
  }
  return {};
}

Result<bool> wait_for(int fd, short events, TimePoint deadline) {
  pollfd entry{fd, events, 0};
  return wait_for_any({&entry, 1}, deadline);
}

Result<bool> wait_for_any(std::span<pollfd> entries, TimePoint deadline) {
  for (;;) {
    const timespec left = to_timespec(time_left(deadline));
    const int count = ::ppoll(entries.data(), entries.size(), &left, nullptr);
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return fail_errno("cannot wait", errno);
    if (now() >= deadline) return false;
  }
}

}  // namespace stapsh::sys
