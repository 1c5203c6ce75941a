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
#include <vector>

#include "agent/bytes_quota.h"
#include "agent/port_listener.h"
#include "agent/session_process.h"
#include "sys/clock.h"
#include "sys/epoll_set.h"
#include "sys/inherited_state.h"
#include "sys/io.h"
#include "sys/process_ref.h"
#include "sys/process_tree.h"
#include "sys/shared_counters.h"
#include "sys/signal_fd.h"
#include "sys/unix_socket.h"
#include "sys/vsock_socket.h"

namespace stapsh::agent {
namespace {

constexpr Duration kShortagePause = std::chrono::milliseconds(200);
// Before we look whether somebody has something else to say.
constexpr int kConnectionsPerTurn = 64;
// A first line that is longer is no hello: its session says so.
constexpr std::size_t kHelloBytesMax = 1'024;

// Who connected: a user or a CID, by its number.
using Peer = std::uint32_t;

struct Connection {
  sys::UniqueFd fd;
  Peer peer;
};

// Where connections come from. What they are is the same for all of them.
class Place {
 public:
  Place() = default;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  virtual ~Place() = default;
  [[nodiscard]] virtual int fd() const = 0;
  /// The next connection that may be served; nothing if none waits.
  virtual Result<std::optional<Connection>> accept() = 0;
  [[nodiscard]] virtual std::string name_of(Peer peer) const = 0;
  /// In a session's process: closes it, and leaves what else there is of it to the listener.
  virtual void abandon() = 0;
};

// An answer, for a person: this peer is told why, and nothing else. Who went meanwhile needs none.
void refuse(const sys::UniqueFd& connection, std::string_view reason) {
  (void)sys::write_some(connection.get(), "ERROR: " + std::string(reason) + "\n");
}

class UnixPlace : public Place {
 public:
  explicit UnixPlace(sys::UnixListener socket) : socket_(std::move(socket)) {}
  [[nodiscard]] int fd() const override { return socket_.fd(); }
  Result<std::optional<Connection>> accept() override {
    std::optional<sys::UniqueFd> fd = TRY(sys::accept_one(socket_));
    if (!fd) return std::optional<Connection>();
    const uid_t user = TRY(sys::peer_user(fd->get()));
    return std::optional(Connection{*std::move(fd), user});
  }
  [[nodiscard]] std::string name_of(Peer peer) const override { return "user " + std::to_string(peer); }
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
  Result<std::optional<Connection>> accept() override {
    while (std::optional<sys::VsockConnection> connection = TRY(sys::accept_vsock(socket_.get()))) {
      const Peer cid = connection->peer.cid;
      if (may_connect(options_, cid)) return std::optional(Connection{std::move(connection->fd), cid});
      const std::string refusal = name_of(cid) + " may not connect here; who may is said by --allow-cid of the agent";
      (void)::dprintf(STDERR_FILENO, "stapsh: %s: %s\n", options_.listen->c_str(), refusal.c_str());
      refuse(connection->fd, refusal);
    }
    return std::optional<Connection>();
  }
  [[nodiscard]] std::string name_of(Peer peer) const override { return "CID " + std::to_string(peer); }
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

// A connection is served by a process of its own once its hello has come, so that whoever says nothing costs a
// descriptor. Until then and from then on it has a slot, and its bytes a counter of the same number.
class Listener {
 public:
  Listener(const AgentOptions& options, bool ignores_hangup) : options_(options), ignores_hangup_(ignores_hangup) {}

  Result<int> run() {
    epoll_ = TRY(sys::Epoll::create());
    signals_ = TRY(listen_to_signals(ignores_hangup_));
    bytes_ = TRY(sys::SharedCounters::create(options_.sessions_max));
    signals_watch_ = TRY(epoll_.add(signals_.fd(), EPOLLIN, kSignals));
    // Last: who sees it finds a listener that is ready, and a signal in between would leave it behind.
    place_ = TRY(open_place(options_));
    socket_watch_ = TRY(epoll_.add(place_->fd(), EPOLLIN, kSocket));
    while (!stopping_ || sys::has_children()) {
      if (stopping_) {
        socket_watch_.reset();
        resume_at_.reset();
      }
      std::array<sys::Event, 16> events;
      const std::size_t count = TRY(epoll_.wait(events, earlier(resume_at_, first_hello_due_at())));
      for (const sys::Event& event : std::span(events).first(count)) {
        if (event.id == kSignals) take_signals();
        if (event.id == kSocket && !stopping_) TRY(accept_some());
        if (event.id >= kFirstSlot) look_for_hello(event.id - kFirstSlot, (event.events & EPOLLRDHUP) != 0);
      }
      dismiss_silent(sys::now());
      if (resume_at_ && sys::now() >= *resume_at_) {
        resume_at_.reset();
        TRY(socket_watch_.modify(EPOLLIN));
      }
    }
    return 0;
  }

 private:
  enum Source : std::uint64_t { kSignals, kSocket, kFirstSlot };

  struct Slot {
    enum class Use { kFree, kAwaitsHello, kSession } use = Use::kFree;
    Peer peer = 0;
    sys::UniqueFd connection;  // Until the hello has come,
    sys::Watch watch;          // and what tells of it.
    TimePoint hello_due_at;
    pid_t session = -1;  // From then on.
  };

  void take_signals() {
    while (const std::optional<sys::SignalInfo> info = signals_.read()) {
      if (info->signo == SIGCHLD) {
        reap();
        continue;
      }
      stopping_ = true;
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].use == Slot::Use::kAwaitsHello) free_slot(i);
      }
      for (const pid_t pid : sys::children_of_self().pids) {
        const Result<sys::ProcessRef> session = sys::ProcessRef::open(pid);
        if (session) (void)session->send(SIGTERM);
      }
    }
  }

  // A session says by itself how it ended.
  void reap() {
    for (const sys::Reaped& reaped : sys::reap_available()) {
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].session == reaped.pid) free_slot(i);
      }
    }
  }

  void free_slot(std::size_t index) {
    slots_[index].watch.reset();
    slots_[index] = Slot();
    bytes_.all()[index] = 0;
  }

  Result<> accept_some() {
    for (int i = 0; i < kConnectionsPerTurn; ++i) {
      Result<std::optional<Connection>> connection = place_->accept();
      if (!connection && is_shortage(connection.error())) return pause(connection.error());
      if (!connection) return fail(connection.error());
      if (!*connection) return {};
      paused_ = false;
      if (const std::optional<std::string> limit = limit_reached((*connection)->peer)) {
        refuse((*connection)->fd, *limit);
        // Once for all of a flood.
        if (!std::exchange(full_, true)) {
          (void)::dprintf(STDERR_FILENO, "stapsh: %s: refused: %s\n", options_.listen->c_str(), limit->c_str());
        }
        continue;
      }
      full_ = false;
      await_hello(**std::move(connection));
    }
    return {};  // What waits still wakes us at once.
  }

  /// Why one more of this peer is not served; nothing if it is.
  [[nodiscard]] std::optional<std::string> limit_reached(Peer peer) const {
    const auto used = [](const Slot& slot) { return slot.use != Slot::Use::kFree; };
    const auto of_peer = [&](const Slot& slot) { return used(slot) && slot.peer == peer; };
    const auto text = [](std::string_view who, std::uint64_t max, const std::string& name) {
      const bool by_policy = name.find('=') != std::string::npos;
      return std::string(who) + " " + std::to_string(max) + " sessions, which is " + name +
             "; try again when one has ended" + (by_policy ? "" : ", or start stapsh with a higher --" + name);
    };
    if (static_cast<std::uint64_t>(std::ranges::count_if(slots_, of_peer)) >= options_.sessions_per_peer_max) {
      return text(place_->name_of(peer) + " has", options_.sessions_per_peer_max, options_.per_peer_limit);
    }
    if (static_cast<std::uint64_t>(std::ranges::count_if(slots_, used)) >= options_.sessions_max) {
      return text("there are", options_.sessions_max, options_.sessions_limit);
    }
    return std::nullopt;
  }

  void await_hello(Connection connection) {
    auto free = std::ranges::find(slots_, Slot::Use::kFree, &Slot::use);
    if (free == slots_.end()) free = slots_.emplace(free);
    const auto index = static_cast<std::size_t>(free - slots_.begin());
    Result<sys::Watch> watch = epoll_.add(connection.fd.get(), EPOLLIN | EPOLLRDHUP | EPOLLET, kFirstSlot + index);
    if (!watch) return refuse(connection.fd, watch.error().what);
    free->watch = *std::move(watch);
    free->use = Slot::Use::kAwaitsHello;
    free->peer = connection.peer;
    free->connection = std::move(connection.fd);
    free->hello_due_at = sys::now() + *options_.settings.hello_timeout;
  }

  /// Half a line at the end of input is no command: whoever said no more has gone.
  void look_for_hello(std::size_t index, bool at_end) {
    if (index >= slots_.size() || slots_[index].use != Slot::Use::kAwaitsHello) return;
    std::array<char, kHelloBytesMax> buffer;
    const Result<sys::IoResult> got = sys::peek_some(slots_[index].connection.get(), buffer);
    if (!got || got->end) return free_slot(index);
    const std::string_view said(buffer.data(), got->bytes);
    if (said.find('\n') != std::string_view::npos || said.size() == buffer.size()) return start_session(index);
    if (at_end) free_slot(index);
  }

  [[nodiscard]] std::optional<TimePoint> first_hello_due_at() const {
    std::optional<TimePoint> first;
    for (const Slot& slot : slots_) {
      if (slot.use == Slot::Use::kAwaitsHello) first = earlier(first, slot.hello_due_at);
    }
    return first;
  }

  void dismiss_silent(TimePoint now) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].use != Slot::Use::kAwaitsHello || now < slots_[i].hello_due_at) continue;
      refuse(slots_[i].connection, no_hello_text(options_.settings));
      free_slot(i);
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

  void start_session(std::size_t index) {
    Slot& slot = slots_[index];
    slot.watch.reset();
    const pid_t pid = ::fork();
    if (pid > 0) {
      slot.use = Slot::Use::kSession;
      slot.session = pid;
      slot.connection.reset();
      return;
    }
    if (pid < 0) {
      const std::string reason = std::string("cannot start a session: ") + ::strerror(errno) + " (see ulimit -u)";
      (void)::dprintf(STDERR_FILENO, "stapsh: %s: %s\n", options_.listen->c_str(), reason.c_str());
      refuse(slot.connection, reason);
      return free_slot(index);
    }
    // Never returns to the listener's code: the session is this process's whole life. It makes its own signalfd; the
    // socket's file is the listener's. Of the other connections it keeps nothing open, or their clients would not see
    // them end; their watches are in the listener's epoll, and stay there.
    (void)sys::reset_inherited_process_state();
    place_->abandon();
    const sys::UniqueFd connection = std::move(slot.connection);
    for (Slot& other : slots_) other.connection.reset();
    const int code =
        serve_session(options_, *options_.listen,
                      {.in = connection.get(),
                       .out = connection.get(),
                       .ignores_hangup = ignores_hangup_,
                       .quota = BytesQuota(bytes_.all(), bytes_.all()[index], options_.workspaces_bytes_max)});
    ::_exit(code);
  }

  const AgentOptions& options_;
  const bool ignores_hangup_;
  std::unique_ptr<Place> place_;
  sys::Epoll epoll_;
  sys::SignalFd signals_;
  sys::SharedCounters bytes_;  // Of the files of each slot's session.
  std::vector<Slot> slots_;    // As many as there ever were at a time.
  sys::Watch signals_watch_;
  sys::Watch socket_watch_;
  std::optional<TimePoint> resume_at_;  // No connection is taken until then.
  bool paused_ = false;                 // Since the last connection that was taken; said once.
  bool full_ = false;                   // Likewise.
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
