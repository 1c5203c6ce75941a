// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <array>
#include <thread>

#include "sys/io.h"
#include "sys/pipe.h"
#include "sys/test_support.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

using namespace std::chrono_literals;

struct SocketPair {
  UniqueFd a, b;
};
SocketPair make_sockets() {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// Writes until nothing goes any more; how much went.
std::size_t fill(int fd) {
  const std::string block(4096, 'x');
  std::size_t total = 0;
  for (;;) {
    const IoResult written = must(write_some(fd, block));
    if (written.would_block) return total;
    total += written.bytes;
  }
}

TEST(UniqueFd, MovesAndClosesOnce) {
  const NoLeak no_leak;
  Pipe pipe = must(make_pipe());
  const int number = pipe.read_end.get();
  UniqueFd other(std::move(pipe.read_end));
  EXPECT_FALSE(pipe.read_end.valid());  // NOLINT(bugprone-use-after-move): that it is empty is promised.
  EXPECT_EQ(other.get(), number);
  other.reset();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_FALSE(other.valid());
}

TEST(UniqueFdDeathTest, ClosingTwiceIsOurBug) {
  EXPECT_DEATH(
      {
        UniqueFd fd(::dup(0));
        (void)::close(fd.get());
      },
      "bug");
}

TEST(UniqueFd, EveryDescriptorIsCloseOnExec) {
  const Pipe pipe = must(make_pipe());
  const UniqueFd copy = must(duplicate(pipe.read_end.get()));
  const UniqueFd file = must(open_at(AT_FDCWD, "/dev/null", O_RDONLY));
  for (const int fd : {pipe.read_end.get(), pipe.write_end.get(), copy.get(), file.get()}) {
    EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
  }
  EXPECT_TRUE(close_checked(UniqueFd(::dup(0)), "x"));
}

TEST(OpenAt, NamesTheFile) {
  const auto missing = open_at(AT_FDCWD, "/no/such/file", O_RDONLY);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().sys_errno, ENOENT);
  EXPECT_EQ(missing.error().what, "/no/such/file: No such file or directory");
}

TEST(Pipe, EachEndHasItsOwnFlags) {
  for (const bool read : {false, true}) {
    for (const bool write : {false, true}) {
      const Pipe pipe = must(make_pipe({.nonblocking_read = read, .nonblocking_write = write}));
      EXPECT_EQ((::fcntl(pipe.read_end.get(), F_GETFL) & O_NONBLOCK) != 0, read);
      EXPECT_EQ((::fcntl(pipe.write_end.get(), F_GETFL) & O_NONBLOCK) != 0, write);
    }
  }
}

TEST(Pipe, SaysHowMuchIsThere) {
  const Pipe pipe = must(make_pipe());
  grow_pipe(pipe.write_end.get(), 256 * 1024);
  EXPECT_EQ(must(bytes_available(pipe.read_end.get())), 0U);
  must(write_all(pipe.write_end.get(), "12345", kPatience));
  EXPECT_EQ(must(bytes_available(pipe.read_end.get())), 5U);
}

TEST(Io, SocketsNeverWaitWhateverTheirFlags) {
  SocketPair sockets = make_sockets();
  std::array<char, 16> buffer;
  EXPECT_EQ(must(read_some(sockets.a.get(), buffer)), IoResult{.would_block = true});
  EXPECT_GT(fill(sockets.a.get()), 4096U);
  EXPECT_EQ(::fcntl(sockets.a.get(), F_GETFL) & O_NONBLOCK, 0);
  const SocketPair others = make_sockets();
  EXPECT_EQ(must(write_some(others.a.get(), "abc", true)), IoResult{.bytes = 3});
  EXPECT_EQ(must(read_some(others.b.get(), buffer)), IoResult{.bytes = 3});
}

TEST(Io, NonblockingPipeSaysNotNowThenEnd) {
  Pipe pipe = must(make_pipe({.nonblocking_read = true, .nonblocking_write = true}));
  std::array<char, 16> buffer;
  EXPECT_EQ(must(read_some(pipe.read_end.get(), buffer)), IoResult{.would_block = true});
  EXPECT_EQ(fill(pipe.write_end.get()), 65536U);
  pipe = must(make_pipe());
  pipe.write_end.reset();
  EXPECT_EQ(must(read_some(pipe.read_end.get(), buffer)), IoResult{.end = true});
}

TEST(Io, WritingToNobodyIsAnErrorNotADeath) {
  ASSERT_NE(::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  SocketPair sockets = make_sockets();
  sockets.b.reset();
  EXPECT_EQ(write_some(sockets.a.get(), "x").error().sys_errno, EPIPE);
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  Pipe pipe = must(make_pipe());
  pipe.read_end.reset();
  EXPECT_EQ(write_some(pipe.write_end.get(), "x").error().sys_errno, EPIPE);
}

TEST(Io, PeerThatLeavesBytesUnreadIsAReset) {
  SocketPair sockets = make_sockets();
  must(write_all(sockets.a.get(), "unread", kPatience));
  sockets.b.reset();
  std::array<char, 16> buffer;
  EXPECT_EQ(read_some(sockets.a.get(), buffer).error().sys_errno, ECONNRESET);
}

TEST(Splice, MovesThenSaysNotNowThenEnd) {
  Pipe from = must(make_pipe());
  const SocketPair to = make_sockets();
  ASSERT_EQ(::fcntl(to.a.get(), F_SETFL, O_RDWR | O_NONBLOCK), 0);
  EXPECT_EQ(must(splice_some(from.read_end.get(), to.a.get(), 100)), SpliceResult{.would_block = true});
  must(write_all(from.write_end.get(), "hello", kPatience));
  EXPECT_EQ(must(splice_some(from.read_end.get(), to.a.get(), 100, true)), SpliceResult{.bytes = 5});
  std::array<char, 16> buffer;
  EXPECT_EQ(must(read_some(to.b.get(), buffer)), IoResult{.bytes = 5});

  (void)fill(to.a.get());
  must(write_all(from.write_end.get(), "more", kPatience));
  EXPECT_EQ(must(splice_some(from.read_end.get(), to.a.get(), 100)), SpliceResult{.would_block = true});

  from = must(make_pipe());
  from.write_end.reset();
  EXPECT_EQ(must(splice_some(from.read_end.get(), to.a.get(), 100)), SpliceResult{.end = true});
}

TEST(Splice, SaysWhereItCannot) {
  const TestDirectory directory;
  const Pipe from = must(make_pipe());
  must(write_all(from.write_end.get(), "hello", kPatience));
  const UniqueFd log = must(open_at(AT_FDCWD, directory.path("log"), O_CREAT | O_WRONLY | O_APPEND, 0600));
  EXPECT_EQ(must(splice_some(from.read_end.get(), log.get(), 100)), SpliceResult{.unsupported = true});
  EXPECT_EQ(must(bytes_available(from.read_end.get())), 5U);
}

TEST(Splice, ClosedTargetIsAnError) {
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  const Pipe from = must(make_pipe());
  SocketPair to = make_sockets();
  to.b.reset();
  must(write_all(from.write_end.get(), "hello", kPatience));
  EXPECT_EQ(splice_some(from.read_end.get(), to.a.get(), 100).error().sys_errno, EPIPE);
}

TEST(WriteAll, GivesUpWhenNobodyReads) {
  const std::string much(1 << 20, 'x');
  const Pipe blocking = must(make_pipe());
  const Pipe nonblocking = must(make_pipe({.nonblocking_write = true}));
  const SocketPair sockets = make_sockets();
  for (const int fd : {blocking.write_end.get(), nonblocking.write_end.get(), sockets.a.get()}) {
    const TimePoint start = now();
    const auto written = write_all(fd, much, 20ms);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::kTimeout);
    EXPECT_GE(now() - start, 20ms);
    EXPECT_LT(now() - start, kPatience);
  }
}

TEST(WriteAll, DeliversAllToASlowReader) {
  std::string much(1 << 20, 'x');
  for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>('a' + i % 23);
  for (const bool nonblocking : {false, true}) {
    Pipe pipe = must(make_pipe({.nonblocking_write = nonblocking}));
    std::string got;
    std::thread reader([&] { got = read_to_end(pipe.read_end.get()); });
    must(write_all(pipe.write_end.get(), much, kPatience));
    pipe.write_end.reset();
    reader.join();
    EXPECT_TRUE(got == much);
  }
}

TEST(WaitFor, HasALimit) {
  const Pipe pipe = must(make_pipe());
  EXPECT_FALSE(must(wait_for(pipe.read_end.get(), POLLIN, now())));
  EXPECT_FALSE(must(wait_for(pipe.read_end.get(), POLLIN, deadline_after(5ms))));
  EXPECT_TRUE(must(wait_for(pipe.write_end.get(), POLLOUT, deadline_after(Duration::max()))));
}

TEST(CloseAllBut, KeepsWhatItIsTold) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::array<int, 2> kept{::dup2(0, 40), ::dup2(0, 20)};
    (void)::dup2(0, 30);
    (void)::dup2(0, 41);
    close_all_but(kept);
    const auto open = [](int fd) { return ::fcntl(fd, F_GETFD) >= 0; };
    ::_exit(open(40) && open(20) && !open(30) && !open(41) && !open(3) && open(2) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace stapsh::sys
