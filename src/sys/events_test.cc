// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>

#include <array>

#include "sys/epoll_set.h"
#include "sys/inherited_state.h"
#include "sys/pipe.h"
#include "sys/signal_fd.h"
#include "sys/test_support.h"
#include "sys/timer_fd.h"
#include "sys/uname.h"

namespace stapsh::sys {
namespace {

using namespace std::chrono_literals;

bool is_blocked(int signo) {
  sigset_t mask;
  EXPECT_EQ(::pthread_sigmask(SIG_SETMASK, nullptr, &mask), 0);
  return ::sigismember(&mask, signo) == 1;
}

TEST(SignalFd, ReadsSignalsAndPutsTheMaskBack) {
  const NoLeak no_leak;
  {
    SignalFd made = must(SignalFd::create({SIGUSR1, SIGTERM}));
    const SignalFd signals = std::move(made);
    EXPECT_TRUE(is_blocked(SIGUSR1));
    EXPECT_EQ(signals.read(), std::nullopt);
    ASSERT_EQ(::kill(::getpid(), SIGUSR1), 0);
    EXPECT_TRUE(must(wait_for(signals.fd(), POLLIN, deadline_after(kPatience))));
    const auto got = signals.read();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->signo, SIGUSR1);
    EXPECT_EQ(got->sender, ::getpid());
    EXPECT_EQ(signals.read(), std::nullopt);
    ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);  // Comes too late to be read, and must not kill us.
  }
  EXPECT_FALSE(is_blocked(SIGUSR1));
}

TEST(SignalFd, IgnoredSignalsArriveToo) {
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  const SignalFd signals = must(SignalFd::create({SIGPIPE}));
  ASSERT_EQ(::kill(::getpid(), SIGPIPE), 0);
  EXPECT_TRUE(signals.read());
}

TEST(TimerFd, FiresOnceAtItsTime) {
  const NoLeak no_leak;
  TimerFd timer = must(TimerFd::create());
  EXPECT_FALSE(must(wait_for(timer.fd(), POLLIN, now())));
  const TimePoint when = now() + 5ms;
  timer.arm(when);
  timer.arm(when);
  EXPECT_TRUE(must(wait_for(timer.fd(), POLLIN, deadline_after(kPatience))));
  EXPECT_GE(now(), when);
  EXPECT_TRUE(timer.clear());
  EXPECT_FALSE(timer.clear());
  timer.arm(when);  // Over: at once, again.
  EXPECT_TRUE(must(wait_for(timer.fd(), POLLIN, deadline_after(kPatience))));
  timer.arm(std::nullopt);
  EXPECT_FALSE(timer.clear());
  for (const TimePoint past : {TimePoint(), TimePoint::min(), now() - 1s}) {
    timer.arm(past);
    EXPECT_TRUE(must(wait_for(timer.fd(), POLLIN, deadline_after(kPatience))));
  }
  timer.arm(TimePoint::max());
  EXPECT_FALSE(must(wait_for(timer.fd(), POLLIN, now())));
}

TEST(Epoll, ReportsWhatIsWatched) {
  const NoLeak no_leak;
  const Epoll epoll = must(Epoll::create());
  const Pipe pipe = must(make_pipe());
  std::array<Event, 4> events;
  Watch watch = must(epoll.add(pipe.read_end.get(), EPOLLIN, 42));
  EXPECT_EQ(must(epoll.wait(events, now())), 0U);
  must(write_all(pipe.write_end.get(), "x", kPatience));
  ASSERT_EQ(must(epoll.wait(events)), 1U);
  EXPECT_EQ(events[0].id, 42U);
  EXPECT_EQ(events[0].events, static_cast<std::uint32_t>(EPOLLIN));
  must(watch.modify(0));
  EXPECT_EQ(must(epoll.wait(events, now())), 0U);
  must(watch.modify(EPOLLIN));
  EXPECT_EQ(must(epoll.wait(events, deadline_after(kPatience))), 1U);
  Watch moved = std::move(watch);
  EXPECT_FALSE(watch.active());  // NOLINT(bugprone-use-after-move): that it is empty is promised.
  moved.reset();
  EXPECT_EQ(must(epoll.wait(events, now())), 0U);
}

TEST(Epoll, WaitsUntilTheDeadlineNotLess) {
  const Epoll epoll = must(Epoll::create());
  std::array<Event, 1> events;
  const TimePoint deadline = now() + 1500us;
  EXPECT_EQ(must(epoll.wait(events, deadline)), 0U);
  EXPECT_GE(now(), deadline);
  EXPECT_EQ(must(epoll.wait(events, TimePoint::min())), 0U);
}

TEST(Epoll, FilesAreAlwaysReady) {
  const Epoll epoll = must(Epoll::create());
  for (const std::string path : {"/dev/null", "/proc/self/exe", "/tmp"}) {
    SCOPED_TRACE(path);
    const UniqueFd fd = must(open_at(AT_FDCWD, path, O_RDONLY));
    Watch watch = must(epoll.add(fd.get(), EPOLLIN, 1));
    EXPECT_TRUE(watch.always_ready());
    EXPECT_FALSE(watch.active());
    must(watch.modify(EPOLLOUT));
  }
  EXPECT_EQ(epoll.add(999, EPOLLIN, 1).error().sys_errno, EBADF);
}

TEST(InheritedState, IsUndone) {
  EXPECT_EQ(in_other_process([] {
              for (int signo = 1; signo < NSIG; ++signo) (void)::signal(signo, SIG_DFL);
              sigset_t all;
              ::sigfillset(&all);
              if (::sigprocmask(SIG_SETMASK, &all, nullptr) != 0) return 1;
              for (const int signo : {SIGCHLD, SIGHUP, SIGINT}) {
                if (::signal(signo, SIG_IGN) == SIG_ERR) return 2;
              }
              (void)::close(0);
              (void)::close(2);
              const std::vector<int> ignored = reset_inherited_process_state();
              if (ignored != std::vector<int>{SIGHUP, SIGINT, SIGCHLD}) return 3;
              if (is_blocked(SIGTERM)) return 4;
              if (::signal(SIGPIPE, SIG_DFL) != SIG_IGN || ::signal(SIGXFSZ, SIG_DFL) != SIG_IGN) return 5;
              if (::signal(SIGHUP, SIG_DFL) != SIG_DFL) return 6;
              char byte = 0;
              if (::read(0, &byte, 1) != 0 || ::write(2, "x", 1) != 1) return 7;
              const pid_t pid = ::fork();  // Stays to be reaped.
              if (pid == 0) ::_exit(9);
              int status = 0;
              if (::waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 9) return 8;
              return 0;
            }),
            0);
}

TEST(Uname, IsTheKernels) {
  std::string release;
  std::getline(std::ifstream("/proc/sys/kernel/osrelease") >> std::ws, release);
  EXPECT_EQ(kernel_uname().release, release);
  EXPECT_FALSE(kernel_uname().machine.empty());
}

TEST(Clock, WallTimeIsSince1970) { EXPECT_GT(wall_now(), std::chrono::hours(24 * 365 * 50)); }

}  // namespace
}  // namespace stapsh::sys
