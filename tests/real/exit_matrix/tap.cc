// SPDX-License-Identifier: Apache-2.0
// Stands in the connection between rstap and an agent, forwards every byte, and can hold the session at one point of
// the protocol: it stops forwarding in one direction, says so, and waits to be told to go on.
//   tap DIR -- COMMAND…            between our own standard streams and the command's
//   tap DIR --listen PATH TARGET   between each connection to the socket PATH and one to the socket TARGET
// DIR/point names where to hold; DIR/tap.from is a fifo on which it says "open OWN COMMAND" (pids; 0 for none) at its
// start and "held" at the point; DIR/tap.to is a fifo with one byte for "go on". Only the first connection after
// DIR/point was written is told of and held: it takes the name DIR/first. Killing or stopping this program is how a
// test kills or freezes a transport.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace {

std::string folder;

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  ::_exit(125);
}

int open_fifo(const char* name, int flags) { return ::open((folder + "/" + name).c_str(), flags | O_CLOEXEC); }

void tell(const std::string& text) {
  const int fd = open_fifo("tap.from", O_WRONLY | O_NONBLOCK);
  if (fd < 0) return;  // Nobody asks.
  (void)!::write(fd, text.data(), text.size());
  (void)::close(fd);
}

// Which bytes of the session may pass. Reads the protocol just so far as its points ask.
class Gate {
 public:
  explicit Gate(std::string point) : point_(std::move(point)) {}

  bool holds(bool of_client) const { return holding_ && of_client_ == of_client; }
  void open() { holding_ = false, point_ = "none"; }

  /// How many of the client's bytes may go on now.
  std::size_t from_client(std::string_view bytes) {
    if (holding_ && of_client_) return 0;
    if (point_ == "none") return bytes.size();  // From here on, nobody asks where we are.
    std::size_t passed = 0;
    while (passed < bytes.size()) {
      const std::string_view rest = bytes.substr(passed);
      if (data_left_ > 0) {
        const bool half = point_ == "data" && data_left_ > data_hold_;
        const std::size_t size = std::min(rest.size(), half ? data_left_ - data_hold_ : data_left_);
        data_left_ -= size;
        passed += size;
        if (point_ == "data" && data_left_ == data_hold_) return hold(true), passed;  // In the middle of it.
        continue;
      }
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) return passed;  // The rest of the line comes.
      const std::string_view line = rest.substr(0, end);
      if (point_ == "options" && !line.starts_with("stap ")) return hold(true), passed;
      const bool run = line == "run" || line.starts_with("run ");
      if (point_ == "run" && run) return hold(true), passed;
      run_seen_ = run_seen_ || run;
      if (line.starts_with("file ")) {
        data_left_ = static_cast<std::size_t>(std::atoll(line.data() + 5));
        data_hold_ = data_left_ / 2;
      }
      passed += end + 1;
    }
    return passed;
  }

  std::size_t from_agent(std::string_view bytes) {
    if (bytes.empty() || (holding_ && !of_client_)) return 0;
    if (point_ == "hello" || (point_ == "started" && run_seen_)) return hold(false), 0;
    if (point_ == "output" && run_seen_) {
      agent_bytes_ += bytes.size();
      if (agent_bytes_ > 1'000) hold(false);
    }
    return bytes.size();
  }

 private:
  void hold(bool of_client) {
    holding_ = true;
    of_client_ = of_client;
    tell("held\n");
  }

  std::string point_;
  bool holding_ = false, of_client_ = false, run_seen_ = false;
  std::size_t data_left_ = 0, data_hold_ = 0, agent_bytes_ = 0;
};

struct Direction {
  int in, out;
  bool client_to_agent;
  std::string waiting = {};  // Came in, not let through yet.
  std::string cleared = {};  // Let through, not written yet.
  bool ended = false;        // No more comes in.
  bool closed = false;       // The end was passed on.

  void let_through(Gate& gate) {
    const std::size_t size = client_to_agent ? gate.from_client(waiting) : gate.from_agent(waiting);
    cleared.append(waiting, 0, size);
    waiting.erase(0, size);
  }
  bool wants_more(const Gate& gate) const {
    return !ended && cleared.empty() && (waiting.empty() || (!gate.holds(client_to_agent) && waiting.size() < 65'536));
  }
  void pass_end_on() {
    if (!ended || closed || !cleared.empty() || !waiting.empty()) return;
    (void)::shutdown(out, SHUT_WR);
    (void)::close(out);
    closed = true;
  }
  void write_some() {
    const ssize_t size = ::write(out, cleared.data(), cleared.size());
    if (size > 0) cleared.erase(0, static_cast<std::size_t>(size));
    if (size >= 0 || errno == EAGAIN || errno == EINTR) return;
    // Nobody takes it any more: neither do we.
    cleared.clear();
    waiting.clear();
    if (!ended) (void)::shutdown(in, SHUT_RD), (void)::close(in);
    ended = true;
  }
  void read_some() {
    std::array<char, 65'536> buffer;
    const ssize_t size = ::read(in, buffer.data(), buffer.size());
    if (size > 0) waiting.append(buffer.data(), static_cast<std::size_t>(size));
    if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) ended = true;
  }
};

// Forwards until both directions have ended.
void pump(std::array<Direction, 2> ways, Gate gate, int go) {
  while (true) {
    std::array<pollfd, 5> fds;
    for (std::size_t i = 0; i < 2; ++i) {
      Direction& way = ways[i];
      way.let_through(gate);
      way.pass_end_on();
      fds[2 * i] = {way.wants_more(gate) ? way.in : -1, POLLIN, 0};
      fds[2 * i + 1] = {way.cleared.empty() ? -1 : way.out, POLLOUT, 0};
    }
    fds[4] = {gate.holds(true) || gate.holds(false) ? go : -1, POLLIN, 0};
    if (ways[0].closed && ways[1].closed) return;
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    char byte = 0;
    if (fds[4].revents != 0 && ::read(go, &byte, 1) == 1) gate.open();
    for (std::size_t i = 0; i < 2; ++i) {
      if (fds[2 * i + 1].revents != 0) ways[i].write_some();
      if (fds[2 * i].revents != 0 && !ways[i].ended) ways[i].read_some();
    }
  }
}

struct Plan {
  Gate gate{"none"};
  int go = -1;
  bool first = false;
};

// The first connection of a test claims the point; later ones just pass.
Plan make_plan() {
  Plan plan;
  plan.first = ::mkdir((folder + "/first").c_str(), 0700) == 0;
  if (!plan.first) return plan;
  std::string point;
  std::ifstream(folder + "/point") >> point;
  plan.gate = Gate(point);
  plan.go = open_fifo("tap.to", O_RDWR | O_NONBLOCK);
  return plan;
}

// As we have them: stapsh-link gives its agents one socket.
void make_ways(int (&in)[2], int (&out)[2]) {
  struct stat status {};
  if (::fstat(0, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) give_up("tap: pipe");
    return;
  }
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) give_up("tap: socketpair");
  in[0] = pair[0], in[1] = pair[1];
  out[0] = ::fcntl(pair[1], F_DUPFD_CLOEXEC, 3), out[1] = ::fcntl(pair[0], F_DUPFD_CLOEXEC, 3);
}

int run_command(char** command) {
  Plan plan = make_plan();
  int in[2], out[2];
  make_ways(in, out);
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::dup2(in[0], 0);
    (void)::dup2(out[1], 1);
    (void)::signal(SIGPIPE, SIG_DFL);
    (void)::execvp(command[0], command);
    give_up(command[0]);
  }
  (void)::close(in[0]);
  (void)::close(out[1]);
  if (plan.first) tell("open " + std::to_string(::getpid()) + " " + std::to_string(child) + "\n");
  for (const int fd : {in[1], 1}) (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  pump({Direction{0, in[1], true}, Direction{out[0], 1, false}}, std::move(plan.gate), plan.go);
  int status = 0;
  (void)::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

sockaddr_un address_of(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (void)std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  return address;
}

int serve_one(int connection, const char* target) {
  Plan plan = make_plan();
  const sockaddr_un address = address_of(target);
  const int agent = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(agent, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("tap: connect");
  if (plan.first) tell("open " + std::to_string(::getpid()) + " 0\n");
  const auto copy = [](int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 3); };
  const int from_client = copy(connection), from_agent = copy(agent);
  for (const int fd : {connection, agent}) (void)::fcntl(fd, F_SETFL, O_NONBLOCK);
  pump({Direction{from_client, agent, true}, Direction{from_agent, connection, false}}, std::move(plan.gate), plan.go);
  return 0;
}

int listen_at(const char* path, const char* target) {
  (void)::signal(SIGCHLD, SIG_IGN);  // Connections reap themselves.
  const sockaddr_un address = address_of(path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 64) != 0) {
    give_up("tap: listen");
  }
  while (true) {
    const int connection = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    if (::fork() == 0) {
      (void)::close(fd);
      ::_exit(serve_one(connection, target));
    }
    (void)::close(connection);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  folder = argv[1];
  (void)::signal(SIGPIPE, SIG_IGN);
  if (std::string_view(argv[2]) == "--listen" && argc == 5) return listen_at(argv[3], argv[4]);
  return run_command(argv + 3);
}
