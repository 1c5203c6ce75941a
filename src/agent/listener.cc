// SPDX-License-Identifier: Apache-2.0
#include "agent/listener.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "agent/agent_loop.h"
#include "agent/port_listener.h"
#include "sys/epoll_set.h"
#include "sys/inherited_state.h"
#include "sys/process_ref.h"
#include "sys/process_tree.h"
#include "sys/signal_fd.h"
#include "sys/unix_socket.h"

namespace stapsh::agent {
namespace {

constexpr std::string_view kSocketPrefix = "unix:";

// Never returns to the listener's code: the session is this process's whole life.
[[noreturn]] void serve(const AgentOptions& options, sys::UniqueFd connection) {
  const Result<int> code = run_session(options, {.in = connection.get(), .out = connection.get()});
  connection.reset();
  if (!code) (void)::dprintf(STDERR_FILENO, "stapsh: %s\n", code.error().what.c_str());
  ::_exit(code.value_or(1));
}

class Listener {
 public:
  explicit Listener(const AgentOptions& options) : options_(options) {}

  Result<int> run() {
    socket_ = TRY(sys::listen_unix(options_.listen->substr(kSocketPrefix.size())));
    sys::Epoll epoll = TRY(sys::Epoll::create());
    signals_ = TRY(sys::SignalFd::create({SIGHUP, SIGINT, SIGTERM, SIGCHLD}));
    const sys::Watch signals_watch = TRY(epoll.add(signals_.fd(), EPOLLIN, kSignals));
    sys::Watch socket_watch = TRY(epoll.add(socket_.fd(), EPOLLIN, kSocket));
    while (!stopping_ || sys::has_children()) {
      if (stopping_) socket_watch.reset();
      std::array<sys::Event, 4> events;
      const std::size_t count = TRY(epoll.wait(events));
      for (const sys::Event& event : std::span(events).first(count)) {
        if (event.id == kSignals) take_signals();
        if (event.id == kSocket && !stopping_) TRY(accept_all());
      }
    }
    return 0;
  }

 private:
  enum Source : std::uint64_t { kSignals, kSocket };

  void take_signals() {
    while (const std::optional<sys::SignalInfo> info = signals_.read()) {
      if (info->signo == SIGCHLD) {
        (void)sys::reap_available();  // A session says by itself how it ended.
        continue;
      }
      stopping_ = true;
      for (const pid_t pid : sys::children_of_self()) {
        const Result<sys::ProcessRef> session = sys::ProcessRef::open(pid);
        if (session) (void)session->send(SIGTERM);
      }
    }
  }

  Result<> accept_all() {
    while (std::optional<sys::UniqueFd> connection = TRY(sys::accept_one(socket_))) {
      const pid_t pid = ::fork();
      if (pid < 0) continue;  // The client sees the connection end; the next one may find room.
      if (pid > 0) continue;
      // The session makes its own signalfd; the socket's file is the listener's.
      (void)sys::reset_inherited_process_state();
      socket_.abandon();
      socket_ = {};
      serve(options_, *std::move(connection));
    }
    return {};
  }

  const AgentOptions& options_;
  sys::UnixListener socket_;
  sys::SignalFd signals_;
  bool stopping_ = false;
};

}  // namespace

Result<int> listen(const AgentOptions& options) {
  if (options.listen->starts_with(kSocketPrefix)) return Listener(options).run();
  const bool is_path = options.listen->find('/') != std::string::npos;
  return listen_port(options, is_path ? *options.listen : "/dev/virtio-ports/" + *options.listen);
}

}  // namespace stapsh::agent
