// SPDX-License-Identifier: Apache-2.0
#include "sys/nonblocking.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <array>

#include "sys/io.h"
#include "sys/pipe.h"
#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

bool is_nonblocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

struct Terminal {
  UniqueFd master, slave;
};
Terminal make_terminal() {
  Terminal terminal;
  terminal.master = UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  EXPECT_EQ(::grantpt(terminal.master.get()), 0);
  EXPECT_EQ(::unlockpt(terminal.master.get()), 0);
  std::array<char, 64> name{};
  EXPECT_EQ(::ptsname_r(terminal.master.get(), name.data(), name.size()), 0);
  terminal.slave = UniqueFd(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  return terminal;
}

TEST(OpenNonblocking, LeavesSharedFlagsAlone) {
  const NoLeak no_leak;
  const Pipe pipe = must(make_pipe());
  const Terminal terminal = make_terminal();
  int sockets[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  const UniqueFd socket(sockets[0]);
  const UniqueFd peer(sockets[1]);
  const UniqueFd file = must(open_at(AT_FDCWD, "/proc/self/exe", O_RDONLY));
  struct Case {
    std::string_view name;
    int fd;
  };
  const Case cases[] = {{"pipe, read end", pipe.read_end.get()},
                        {"pipe, write end", pipe.write_end.get()},
                        {"terminal", terminal.slave.get()},
                        {"socket", socket.get()},
                        {"file", file.get()}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const NonblockingFd ours = must(open_nonblocking(c.fd));
    EXPECT_NE(ours.get(), c.fd);
    EXPECT_FALSE(ours.changed_flags());
    EXPECT_FALSE(is_nonblocking(c.fd));
    EXPECT_EQ(::fcntl(ours.get(), F_GETFD), FD_CLOEXEC);
  }
}

TEST(OpenNonblocking, ReadsAndWritesWithoutWaiting) {
  Pipe pipe = must(make_pipe());
  NonblockingFd reader = must(open_nonblocking(pipe.read_end.get()));
  const NonblockingFd writer = must(open_nonblocking(pipe.write_end.get()));
  std::array<char, 16> buffer;
  EXPECT_EQ(must(read_some(reader.get(), buffer)), IoResult{.would_block = true});
  EXPECT_EQ(must(write_some(writer.get(), "abc")), IoResult{.bytes = 3});
  EXPECT_EQ(must(read_some(reader.get(), buffer)), IoResult{.bytes = 3});

  const Terminal terminal = make_terminal();
  reader = must(open_nonblocking(terminal.slave.get()));
  EXPECT_EQ(must(read_some(reader.get(), buffer)), IoResult{.would_block = true});
}

TEST(OpenNonblocking, PutsFlagsBackWhereItHadToChangeThem) {
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  const Terminal terminal = make_terminal();
  const TestDirectory directory;
  ASSERT_EQ(::mkfifo(directory.path("fifo").c_str(), 0600), 0);
  UniqueFd reader = must(open_at(AT_FDCWD, directory.path("fifo"), O_RDONLY | O_NONBLOCK));
  const UniqueFd unread = must(open_at(AT_FDCWD, directory.path("fifo"), O_WRONLY));
  reader.reset();  // Nobody reads: opening it again is refused (ENXIO).
  struct Case {
    std::string_view name;
    int fd;
  };
  const Case cases[] = {{"pty master", terminal.master.get()}, {"unread fifo", unread.get()}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    {
      NonblockingFd first = must(open_nonblocking(c.fd));
      EXPECT_TRUE(first.changed_flags());
      const NonblockingFd moved = std::move(first);
      EXPECT_TRUE(is_nonblocking(c.fd));
      EXPECT_FALSE(first.changed_flags());  // NOLINT(bugprone-use-after-move): that it is empty is promised.
    }
    EXPECT_FALSE(is_nonblocking(c.fd));
  }
  EXPECT_EQ(write_some(unread.get(), "x").error().sys_errno, EPIPE);
}

TEST(OpenNonblocking, FlagsCanBePutBackBeforeTheEnd) {
  const Terminal terminal = make_terminal();
  NonblockingFd ours = must(open_nonblocking(terminal.master.get()));
  ours.restore_flags();
  EXPECT_FALSE(ours.changed_flags());
  EXPECT_FALSE(is_nonblocking(terminal.master.get()));
  std::array<char, 16> buffer;
  EXPECT_EQ(must(ours.read(buffer)), IoResult{.would_block = true});
  EXPECT_EQ(must(write_some(terminal.slave.get(), "abc")), IoResult{.bytes = 3});
  const NonblockingFd moved = std::move(ours);
  EXPECT_EQ(must(moved.read(buffer)), IoResult{.bytes = 3});
  EXPECT_EQ(must(moved.read(buffer)), IoResult{.would_block = true});
}

TEST(OpenNonblocking, KeepsWhatWasNonblockingBefore) {
  const Terminal terminal = make_terminal();
  ASSERT_EQ(::fcntl(terminal.master.get(), F_SETFL, O_RDWR | O_NONBLOCK), 0);
  must(open_nonblocking(terminal.master.get())).reset();
  EXPECT_TRUE(is_nonblocking(terminal.master.get()));
}

TEST(OpenNonblocking, SocketFlagChangesForSplicingOnly) {
  int sockets[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  const UniqueFd socket(sockets[0]);
  const UniqueFd peer(sockets[1]);
  {
    NonblockingFd ours = must(open_nonblocking(socket.get()));
    EXPECT_FALSE(is_nonblocking(socket.get()));
    must(ours.prepare_splice());
    must(ours.prepare_splice());
    EXPECT_TRUE(is_nonblocking(socket.get()));
  }
  EXPECT_FALSE(is_nonblocking(socket.get()));
}

TEST(OpenNonblocking, ClosedDescriptorIsAnError) { EXPECT_EQ(open_nonblocking(999).error().sys_errno, EBADF); }

}  // namespace
}  // namespace stapsh::sys
