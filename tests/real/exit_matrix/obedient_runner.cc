// SPDX-License-Identifier: Apache-2.0
// A runner that does what it is told while it runs. Its argument `ctl:DIR` names a folder with two fifos: on
// DIR/run.from it says "up PID", "stopping" (its stop signal came: the end probe begins) and "child PID"; from
// DIR/run.to it reads lines and performs them:
//   say:TEXT   a line of output        out:N    N bytes of output       flood    output without end, until it is
//   stopped exit:N     end with code N         die:N    end by signal N         ignore   from now on HUP, INT and TERM
//   child      a child that holds the outputs and waits for ever
//   daemon     a grandchild in a session of its own, its streams elsewhere, that ignores HUP, INT and TERM
//   hidden     the same, with an empty environment
//   storm      processes that fork and end at once, as do their children, in sessions of their own, for some seconds
//   go         the end probe may end
// With the argument `probe`, the end probe lasts until `go`; then it says "end probe" and the runner exits with 0.
// Without `ctl:DIR` (staprun -d NAME) it ends at once; but with `chat:MS` it says a line every MS milliseconds.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

namespace {

constexpr int kStormProcesses = 20, kStormSeconds = 20;

volatile sig_atomic_t stop_asked = 0;
bool probing = false;
std::string folder, commands;
int told = -1;
sigset_t open_mask;

void tell(const std::string& text) { (void)!::write(told, text.data(), text.size()); }

// The stop signals are open only here, so that none can slip in between a look and a wait.
// False if one came before the descriptor was ready.
bool wait_for(int fd, short events) {
  while (stop_asked == 0 || probing) {
    pollfd event{fd, events, 0};
    if (::ppoll(&event, 1, nullptr, &open_mask) > 0) return true;
  }
  return false;
}

// In pieces that a pipe with room takes at once.
bool write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait_for(1, POLLOUT)) return false;
    const ssize_t size = ::write(1, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (size < 0) ::_exit(99);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void wait_as_child(bool daemon) {
  const pid_t pid = ::fork();
  if (pid != 0) return;
  for (const int signo : {SIGHUP, SIGINT, SIGTERM}) (void)::signal(signo, daemon ? SIG_IGN : SIG_DFL);
  (void)::sigprocmask(SIG_SETMASK, &open_mask, nullptr);
  if (daemon) {
    (void)::setsid();
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) (void)::dup2(null, fd);
    if (::fork() != 0) ::_exit(0);
  }
  tell("child " + std::to_string(::getpid()) + "\n");
  while (true) (void)::pause();
}

// What it executes has no mark in its environment.
void start_hidden_daemon() {
  if (::fork() != 0) return;
  const char* const words[] = {"hidden", "hide", nullptr};
  const char* const nothing[] = {nullptr};
  for (const int signo : {SIGHUP, SIGINT, SIGTERM}) (void)::signal(signo, SIG_IGN);
  (void)::setsid();
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2}) (void)::dup2(null, fd);
  if (::fork() != 0) ::_exit(0);
  (void)::execve("/proc/self/exe", const_cast<char* const*>(words), const_cast<char* const*>(nothing));
  ::_exit(99);
}

// In the cgroup behind DIR/storm, if there is one: the dead whom nobody has reaped yet have numbers as well.
void start_storm() {
  const int limit = ::open((folder + "/storm/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
  if (limit >= 0) {
    (void)!::write(limit, "0", 1);
    (void)::close(limit);
  }
  (void)::signal(SIGCHLD, SIG_IGN);
  const time_t ends = ::time(nullptr) + kStormSeconds;
  for (int i = 0; i < kStormProcesses; ++i) {
    if (::fork() != 0) continue;
    for (const int signo : {SIGHUP, SIGINT, SIGTERM}) (void)::signal(signo, SIG_IGN);
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) (void)::dup2(null, fd);
    while (::time(nullptr) < ends && ::fork() <= 0) (void)::setsid();
    ::_exit(0);
  }
}

void perform(const std::string& line) {
  const std::size_t colon = line.find(':');
  const std::string name = line.substr(0, colon), value = colon == std::string::npos ? "" : line.substr(colon + 1);
  if (name == "say") (void)write_out(value + "\n");
  if (name == "fill") {
    // Until nobody has taken any for a while.
    const std::string block(PIPE_BUF, 'x');
    pollfd event{1, POLLOUT, 0};
    while (::poll(&event, 1, 200) > 0 && write_out(block)) {
    }
  }
  if (name == "flood") {
    const std::string block(4'096, 'f');
    pollfd more{::open((folder + "/run.to").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), POLLIN, 0};
    while (commands.empty() && write_out(block)) {
      if (::poll(&more, 1, 0) > 0 && (more.revents & POLLIN) != 0) break;
    }
    (void)::close(more.fd);
  }
  if (name == "exit") ::_exit(std::atoi(value.c_str()));
  if (name == "die") {
    (void)::signal(std::atoi(value.c_str()), SIG_DFL);
    (void)::raise(std::atoi(value.c_str()));
  }
  if (name == "ignore") {
    for (const int signo : {SIGHUP, SIGINT, SIGTERM}) (void)::signal(signo, SIG_IGN);
  }
  if (name == "hidden") start_hidden_daemon();
  if (name == "storm") start_storm();
  if (name == "child" || name == "daemon") wait_as_child(name == "daemon");
}

// The next line of run.to; false if a stop came instead.
bool next_line(int fd, std::string& line) {
  while (commands.find('\n') == std::string::npos) {
    if (!wait_for(fd, POLLIN)) return false;
    char buffer[512];
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size > 0) commands.append(buffer, static_cast<std::size_t>(size));
  }
  const std::size_t end = commands.find('\n');
  line = commands.substr(0, end);
  commands.erase(0, end + 1);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  bool waits = false;
  int chat_pause = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    while (word == "hide") (void)::pause();
    if (word.starts_with("ctl:")) folder = word.substr(4);
    if (word.starts_with("chat:")) chat_pause = std::atoi(argv[i] + 5);
    waits = waits || word == "probe";
  }
  if (folder.empty() && chat_pause == 0) return 0;
  sigset_t stops;
  sigemptyset(&stops);
  for (const int signo : {SIGHUP, SIGINT}) sigaddset(&stops, signo);
  (void)::sigprocmask(SIG_BLOCK, &stops, &open_mask);
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked = 1; };
  for (const int signo : {SIGHUP, SIGINT}) (void)::sigaction(signo, &action, nullptr);

  if (chat_pause > 0) {
    const timespec pause{chat_pause / 1'000, chat_pause % 1'000 * 1'000'000L};
    const std::string text = "a line of a quiet script, about as long as such lines are\n";
    while (stop_asked == 0 && write_out(text)) (void)::ppoll(nullptr, 0, &pause, &open_mask);
    probing = true;
    (void)write_out("end probe\n");
    return 0;
  }
  told = ::open((folder + "/run.from").c_str(), O_WRONLY | O_CLOEXEC);
  const int in = ::open((folder + "/run.to").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (told < 0 || in < 0) return 98;
  // A runner leaves things in its working directory, too.
  (void)::mkdir("kept", 0700);
  (void)::close(::open("kept/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  tell("up " + std::to_string(::getpid()) + "\n");
  (void)write_out("up\n");

  std::string line;
  while (true) {
    if (next_line(in, line)) {
      if (probing && line == "go") break;
      perform(line);
    } else {
      probing = true;
      tell("stopping\n");
      if (!waits) break;
    }
  }
  (void)write_out("end probe\n");
  return 0;
}
