// SPDX-License-Identifier: Apache-2.0
#include "agent/listener.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/port_listener.h"
#include "agent/session_process.h"
#include "sys/clock.h"
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

constexpr Duration kShortagePause = std::chrono::milliseconds(200);

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

// Of accept(2): they pass when somebody closes something.
bool is_shortage(const Error& error) {
  const int number = error.sys_errno;
  return number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS;
}

class Listener {
 public:
  Listener(const AgentOptions& options, bool ignores_hangup) : options_(options), ignores_hangup_(ignores_hangup) {}

  Result<int> run() {
    place_ = TRY(open_place(options_));
    epoll_ = TRY(sys::Epoll::create());
    signals_ = TRY(listen_to_signals(ignores_hangup_));
    signals_watch_ = TRY(epoll_.add(signals_.fd(), EPOLLIN, kSignals));
    socket_watch_ = TRY(epoll_.add(place_->fd(), EPOLLIN, kSocket));
    while (!stopping_ || sys::has_children()) {
      if (stopping_) {
        socket_watch_.reset();
        resume_at_.reset();
      }
      std::array<sys::Event, 4> events;
      const std::size_t count = TRY(epoll_.wait(events, resume_at_));
      for (const sys::Event& event : std::span(events).first(count)) {
        if (event.id == kSignals) take_signals();
        if (event.id == kSocket && !stopping_) TRY(accept_all());
      }
      if (resume_at_ && sys::now() >= *resume_at_) {
        resume_at_.reset();
        TRY(socket_watch_.modify(EPOLLIN));
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
      for (const pid_t pid : sys::children_of_self().pids) {
        const Result<sys::ProcessRef> session = sys::ProcessRef::open(pid);
        if (session) (void)session->send(SIGTERM);
      }
    }
  }

  Result<> accept_all() {
    while (true) {
      Result<std::optional<sys::UniqueFd>> connection = place_->accept();
      if (!connection && is_shortage(connection.error())) return pause(connection.error());
      if (!connection) return fail(connection.error());
      if (!*connection) return {};
      paused_ = false;
      start_session(**std::move(connection));
    }
  }

  // The connection waits in the socket's queue; asking for it again at once would be a busy loop.
  Result<> pause(const Error& error) {
    if (!std::exchange(paused_, true)) {
      const char* const hint = error.sys_errno == EMFILE ? " (raise ulimit -n)" : "";
      (void)::dprintf(STDERR_FILENO, "stapsh: %s: cannot take connections: %s%s; trying again\n",
                      options_.listen->c_str(), error.what.c_str(), hint);
    }
    resume_at_ = sys::now() + kShortagePause;
    return socket_watch_.modify(0);
  }

  void start_session(sys::UniqueFd connection) {
    const pid_t pid = ::fork();
    if (pid > 0) return;
    if (pid < 0) {
      const std::string reason = std::string("cannot start a session: ") + ::strerror(errno) + " (see ulimit -u)";
      (void)::dprintf(STDERR_FILENO, "stapsh: %s: %s\n", options_.listen->c_str(), reason.c_str());
      (void)sys::write_some(connection.get(), "ERROR: " + reason + "\n");  // Who went meanwhile needs no answer.
      return;
    }
    // Never returns to the listener's code: the session is this process's whole life. It makes its own signalfd; the
    // socket's file is the listener's.
    (void)sys::reset_inherited_process_state();
    place_->abandon();
    const int code =
        serve_session(options_, *options_.listen,
                      {.in = connection.get(), .out = connection.get(), .ignores_hangup = ignores_hangup_});
    ::_exit(code);
  }

  const AgentOptions& options_;
  const bool ignores_hangup_;
  std::unique_ptr<Place> place_;
  sys::Epoll epoll_;
  sys::SignalFd signals_;
  sys::Watch signals_watch_;
  sys::Watch socket_watch_;
  std::optional<TimePoint> resume_at_;  // No connection is taken until then.
  bool paused_ = false;                 // Since the last connection that was taken; said once.
  bool stopping_ = false;
};

}  // namespace

bool may_connect(const AgentOptions& options, std::uint32_t cid) {
  if (options.allowed_cids.empty()) return cid == sys::kVsockCidHost;
  return std::ranges::any_of(options.allowed_cids,
                             [cid](std::uint32_t allowed) { return allowed == cid || allowed == sys::kVsockCidAny; });
}

Result<int> listen(const AgentOptions& options, bool ignores_hangup) {
  if (options.listen->starts_with(kUnixPrefix) || options.listen->starts_with(kVsockPrefix))
    return Listener(options, ignores_hangup).run();
  const bool is_path = options.listen->find('/') != std::string::npos;
  return listen_port(options, is_path ? *options.listen : "/dev/virtio-ports/" + *options.listen, ignores_hangup);
}

}  // namespace stapsh::agent
