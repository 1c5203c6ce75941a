// SPDX-License-Identifier: Apache-2.0
#include "agent/listener.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>

#include "agent/agent_loop.h"
#include "agent/port_listener.h"
#include "sys/epoll_set.h"
#include "sys/inherited_state.h"
#include "sys/io.h"
#include "sys/process_ref.h"
#include "sys/process_tree.h"
#include "sys/signal_fd.h"
#include "sys/unix_socket.h"
#include "sys/vsock_socket.h"

namespace stapsh::agent {
namespace {

// Where connections come from. What they are is the same for all of them.
class Place {
 public:
  Place() = default;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  virtual ~Place() = default;
  [[nodiscard]] virtual int fd() const = 0;
  /// The next connection that may be served; nothing if none waits.
  virtual Result<std::optional<sys::UniqueFd>> accept() = 0;
  /// In a session's process: closes it, and leaves what else there is of it to the listener.
  virtual void abandon() = 0;
};

class UnixPlace : public Place {
 public:
  explicit UnixPlace(sys::UnixListener socket) : socket_(std::move(socket)) {}
  [[nodiscard]] int fd() const override { return socket_.fd(); }
  Result<std::optional<sys::UniqueFd>> accept() override { return sys::accept_one(socket_); }
  void abandon() override {
    socket_.abandon();
    socket_ = {};
  }

 private:
  sys::UnixListener socket_;
};

class VsockPlace : public Place {
 public:
  VsockPlace(sys::UniqueFd socket, const AgentOptions& options) : socket_(std::move(socket)), options_(options) {}
  [[nodiscard]] int fd() const override { return socket_.get(); }
  Result<std::optional<sys::UniqueFd>> accept() override {
    while (std::optional<sys::VsockConnection> connection = TRY(sys::accept_vsock(socket_.get()))) {
      if (may_connect(options_, connection->peer.cid)) return std::optional(std::move(connection->fd));
      const std::string refusal = "CID " + std::to_string(connection->peer.cid) +
                                  " may not connect here; who may is said by --allow-cid of the agent";
      (void)::dprintf(STDERR_FILENO, "stapsh: %s: %s\n", options_.listen->c_str(), refusal.c_str());
      // An answer, for a person: this peer is told why, and nothing else.
      (void)sys::write_some(connection->fd.get(), "ERROR: " + refusal + "\n");
    }
    return std::optional<sys::UniqueFd>();
  }
  void abandon() override { socket_.reset(); }

 private:
  sys::UniqueFd socket_;
  const AgentOptions& options_;
};

Result<std::unique_ptr<Place>> open_place(const AgentOptions& options) {
  if (options.listen->starts_with(kVsockPrefix)) {
    const std::uint32_t port = TRY(parse_vsock_port(*options.listen));
    return std::make_unique<VsockPlace>(TRY(sys::listen_vsock(port)), options);
  }
  return std::make_unique<UnixPlace>(TRY(sys::listen_unix(options.listen->substr(kUnixPrefix.size()))));
}

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
    place_ = TRY(open_place(options_));
    sys::Epoll epoll = TRY(sys::Epoll::create());
    signals_ = TRY(sys::SignalFd::create({SIGHUP, SIGINT, SIGTERM, SIGCHLD}));
    const sys::Watch signals_watch = TRY(epoll.add(signals_.fd(), EPOLLIN, kSignals));
    sys::Watch socket_watch = TRY(epoll.add(place_->fd(), EPOLLIN, kSocket));
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
    while (std::optional<sys::UniqueFd> connection = TRY(place_->accept())) {
      const pid_t pid = ::fork();
      if (pid < 0) continue;  // The client sees the connection end; the next one may find room.
      if (pid > 0) continue;
      // The session makes its own signalfd; the socket's file is the listener's.
      (void)sys::reset_inherited_process_state();
      place_->abandon();
      serve(options_, *std::move(connection));
    }
    return {};
  }

  const AgentOptions& options_;
  std::unique_ptr<Place> place_;
  sys::SignalFd signals_;
  bool stopping_ = false;
};

}  // namespace

bool may_connect(const AgentOptions& options, std::uint32_t cid) {
  if (options.allowed_cids.empty()) return cid == sys::kVsockCidHost;
  return std::ranges::any_of(options.allowed_cids,
                             [cid](std::uint32_t allowed) { return allowed == cid || allowed == sys::kVsockCidAny; });
}

Result<int> listen(const AgentOptions& options) {
  if (options.listen->starts_with(kUnixPrefix) || options.listen->starts_with(kVsockPrefix))
    return Listener(options).run();
  const bool is_path = options.listen->find('/') != std::string::npos;
  return listen_port(options, is_path ? *options.listen : "/dev/virtio-ports/" + *options.listen);
}

}  // namespace stapsh::agent
