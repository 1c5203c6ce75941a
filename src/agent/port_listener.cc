// SPDX-License-Identifier: Apache-2.0
// How such a port behaves (Linux, drivers/char/virtio_console.c):
//  - one process can have it open; the host's connection comes and goes while it is open;
//  - without a host, poll says POLLHUP at once and for ever, read gives 0, a write would block. Edge-triggered epoll
//    sleeps nevertheless: each change wakes it once, and what it then reports is the state of that moment;
//  - what the host's client wrote stays readable after it went, and the next client's bytes follow it unmarked;
//  - bytes can be there before the news that their host has connected;
//  - what we write without a host is thrown away by the host; with one, it goes to whoever is connected by then.
// So a session ends at the first hang-up that is seen, without another read or write; a hello in mid-session says that
// a hang-up was too short to be seen; and a session begins at a hello, whatever stands before it, once nothing more
// has happened for a moment.
#include "agent/port_listener.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "agent/agent_loop.h"
#include "agent/dead_sessions.h"
#include "agent/hello_search.h"
#include "agent/session_process.h"
#include "sys/clock.h"
#include "sys/epoll_set.h"
#include "sys/inherited_state.h"
#include "sys/io.h"
#include "sys/pipe.h"
#include "sys/process_ref.h"
#include "sys/process_tree.h"
#include "sys/signal_fd.h"

namespace stapsh::agent {
namespace {

// Between the news of a host, its hello, and that of a second host that came just after a first one.
constexpr Duration kSettleTime = std::chrono::milliseconds(20);
// Bytes without a host: its news come within this time, or it is gone already.
constexpr Duration kForgetTime = std::chrono::seconds(1);

class PortListener {
 public:
  PortListener(const AgentOptions& options, const std::string& path, bool ignores_hangup)
      : options_(options), path_(path), ignores_hangup_(ignores_hangup) {}

  Result<int> run();

 private:
  enum Source : std::uint64_t { kSignals, kPort };

  Result<> open();
  void read_port();
  Result<> start_session(std::string first_input);
  void take_signals();
  void end_session_process(const sys::Reaped& reaped);
  void start_sweep();
  void say(std::string_view text) const;
  [[nodiscard]] bool host_is_there() const;
  Result<> begin_when_settled();

  const AgentOptions& options_;
  const std::string& path_;
  const bool ignores_hangup_;
  sys::UniqueFd port_;
  sys::Epoll epoll_;
  sys::SignalFd signals_;
  sys::Watch signals_watch_;
  sys::Watch port_watch_;  // Only while no session has the port.
  HelloSearch search_;
  TimePoint last_news_;  // Of the port.
  pid_t session_ = -1;
  sys::UniqueFd next_client_;  // The session's last words to us: what the next client said to it.
  bool stopping_ = false;
  bool unplugged_ = false;
};

Result<> PortListener::open() {
  auto opened = sys::open_at(AT_FDCWD, path_, O_RDWR | O_NONBLOCK | O_NOCTTY);
  if (!opened && opened.error().sys_errno == EBUSY) {
    return fail(Errc::kSystem, path_ + ": another program has it open; only one can");
  }
  if (!opened) return fail(opened.error());
  struct stat status {};
  if (::fstat(opened->get(), &status) != 0) return fail_errno(path_, errno);
  if (!S_ISCHR(status.st_mode)) return fail(Errc::kUsage, path_ + ": not a port; for a socket say unix:PATH");
  port_ = *std::move(opened);
  epoll_ = TRY(sys::Epoll::create());
  signals_ = TRY(listen_to_signals(ignores_hangup_));
  signals_watch_ = TRY(epoll_.add(signals_.fd(), EPOLLIN, kSignals));
  return {};
}

Result<int> PortListener::run() {
  TRY(open());
  start_sweep();  // Of what this agent may have left when it was killed with its session.
  while (true) {
    if (session_ < 0) {
      if (stopping_ || unplugged_) return 0;
      if (!port_watch_.active()) port_watch_ = TRY(epoll_.add(port_.get(), EPOLLIN | EPOLLOUT | EPOLLET, kPort));
      read_port();
      TRY(begin_when_settled());
      if (unplugged_) continue;
    }
    std::optional<TimePoint> deadline;
    if (session_ < 0 && search_.found()) deadline = last_news_ + (host_is_there() ? kSettleTime : kForgetTime);
    std::array<sys::Event, 4> events;
    const std::size_t count = TRY(epoll_.wait(events, deadline));
    for (const sys::Event& event : std::span(events).first(count)) {
      if (event.id == kPort) last_news_ = sys::now();
      if (event.id == kSignals) take_signals();
    }
  }
}

bool PortListener::host_is_there() const {
  pollfd polled{port_.get(), 0, 0};
  return ::poll(&polled, 1, 0) == 0;
}

void PortListener::read_port() {
  std::array<char, 16'384> buffer;
  while (true) {
    const Result<sys::IoResult> got = sys::read_some(port_.get(), buffer);
    if (!got) {
      say("the port is gone: " + got.error().what);
      unplugged_ = true;
      return;
    }
    if (got->bytes == 0) return;  // Nothing more, or no host.
    search_.add({buffer.data(), got->bytes});
    last_news_ = sys::now();
  }
}

Result<> PortListener::begin_when_settled() {
  if (unplugged_ || !search_.found()) return {};
  const Duration quiet = sys::now() - last_news_;
  if (!host_is_there()) {
    if (quiet >= kForgetTime) search_.clear();  // Who said it will not hear the answer.
    return {};
  }
  if (quiet < kSettleTime) return {};
  return start_session(*search_.take());
}

Result<> PortListener::start_session(std::string first_input) {
  sys::Pipe pipe = TRY(sys::make_pipe({.nonblocking_read = true, .nonblocking_write = true}));
  port_watch_.reset();  // It would wake us for each of the session's bytes.
  const pid_t listener = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    say("cannot start a session: out of processes or memory");
    return {};
  }
  if (pid > 0) {
    session_ = pid;
    next_client_ = std::move(pipe.read_end);
    return {};
  }
  // The session is this process's whole life; it makes its own signalfd. Without a listener it ends: the next one
  // could not open the port.
  (void)sys::reset_inherited_process_state();
  (void)::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != listener) ::_exit(1);
  std::string next_client;
  const int code = serve_session(options_, path_,
                                 {.in = port_.get(),
                                  .out = port_.get(),
                                  .first_input = std::move(first_input),
                                  .next_client = &next_client,
                                  .ignores_hangup = ignores_hangup_});
  // At most what fits into one read; what does not fit into the pipe is no hello.
  if (!next_client.empty()) (void)sys::write_some(pipe.write_end.get(), next_client);
  ::_exit(code);
}

void PortListener::take_signals() {
  while (const std::optional<sys::SignalInfo> info = signals_.read()) {
    if (info->signo != SIGCHLD) {
      stopping_ = true;
      const Result<sys::ProcessRef> session = sys::ProcessRef::open(session_);
      if (session_ > 0 && session) (void)session->send(SIGTERM);
      continue;
    }
    for (const sys::Reaped& reaped : sys::reap_available()) {
      if (reaped.pid == session_) end_session_process(reaped);
    }
  }
}

void PortListener::end_session_process(const sys::Reaped& reaped) {
  session_ = -1;
  std::array<char, 65'536> buffer;
  const Result<sys::IoResult> got = sys::read_some(next_client_.get(), buffer);
  search_.clear();
  if (got && got->bytes > 0) search_.add({buffer.data(), got->bytes});
  last_news_ = sys::now();
  next_client_.reset();
  // Its guardian cleans up; but who killed one may have killed both.
  if (reaped.exit_code > 128) start_sweep();
}

// In a process of its own: it may take seconds, which a client shall not wait for.
void PortListener::start_sweep() {
  if (::fork() != 0) return;  // Without it, the next session's guardian does it.
  (void)sys::reset_inherited_process_state();
  (void)::setsid();
  port_.reset();
  (void)sweep_dead_sessions();
  ::_exit(0);
}

void PortListener::say(std::string_view text) const {
  (void)::dprintf(STDERR_FILENO, "stapsh: %s: %.*s\n", path_.c_str(), static_cast<int>(text.size()), text.data());
}

}  // namespace

Result<int> listen_port(const AgentOptions& options, const std::string& path, bool ignores_hangup) {
  return PortListener(options, path, ignores_hangup).run();
}

}  // namespace stapsh::agent
