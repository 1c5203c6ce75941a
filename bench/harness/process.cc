// SPDX-License-Identifier: Apache-2.0
#include "harness/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "harness/measure.h"

namespace stapsh::bench {
namespace {

int errors_fd = -1;
std::string errors_file;

[[noreturn]] void fail_with_errno(const std::string& what) { throw BenchError(what + ": " + std::strerror(errno)); }

struct Ends {
  int ours_in = -1, ours_out = -1, theirs_in = -1, theirs_out = -1;
};

int open_null() { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }

Ends make_ends(Wire wire) {
  std::array<int, 2> in{-1, -1}, out{-1, -1};
  switch (wire) {
    case Wire::kSocketPair:
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in.data()) != 0) fail_with_errno("socketpair");
      return {in[0], ::fcntl(in[0], F_DUPFD_CLOEXEC, 3), in[1], ::fcntl(in[1], F_DUPFD_CLOEXEC, 3)};
    case Wire::kPipes:
      if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) fail_with_errno("pipe2");
      return {in[1], out[0], in[0], out[1]};
    case Wire::kOutputOnly:
      if (::pipe2(out.data(), O_CLOEXEC) != 0) fail_with_errno("pipe2");
      return {-1, out[0], open_null(), out[1]};
    case Wire::kNone:
      break;
  }
  return {-1, -1, open_null(), open_null()};
}

void close_if_open(int& fd) {
  if (fd >= 0) (void)::close(fd);
  fd = -1;
}

}  // namespace

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(now() - start).count();
}

void keep_errors(const std::string& file) {
  errors_file = file;
  errors_fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

std::string errors_since(std::size_t size) {
  std::ostringstream text;
  text << std::ifstream(errors_file).rdbuf();
  return text.str().substr(size);
}

std::size_t errors_size() { return errors_since(0).size(); }

std::string last_errors() {
  const std::string all = errors_since(0);
  return all.size() > 2'000 ? all.substr(all.size() - 2'000) : all;
}

Process::Process(const ProcessOptions& options) : name_(options.argv.at(0)) {
  Ends ends = make_ends(options.wire);
  in_ = ends.ours_in;
  out_ = ends.ours_out;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  (void)::posix_spawn_file_actions_init(&actions);
  (void)::posix_spawnattr_init(&attributes);
  (void)::posix_spawn_file_actions_adddup2(&actions, ends.theirs_in, 0);
  (void)::posix_spawn_file_actions_adddup2(&actions, options.stdout_fd >= 0 ? options.stdout_fd : ends.theirs_out, 1);
  if (errors_fd >= 0) (void)::posix_spawn_file_actions_adddup2(&actions, errors_fd, 2);
  sigset_t pipe_signal;
  (void)::sigemptyset(&pipe_signal);
  (void)::sigaddset(&pipe_signal, SIGPIPE);  // We ignore it; they must not.
  (void)::posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
  (void)::posix_spawnattr_setflags(
      &attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | (options.new_session ? POSIX_SPAWN_SETSID : 0)));
  std::vector<std::string> words = options.argv;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int error = ::posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
  (void)::posix_spawn_file_actions_destroy(&actions);
  (void)::posix_spawnattr_destroy(&attributes);
  close_if_open(ends.theirs_in);
  close_if_open(ends.theirs_out);
  if (error != 0) {
    pid_ = -1;
    throw BenchError(name_ + ": " + std::strerror(error));
  }
}

Process::Process(Process&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, -1)),
      in_(std::exchange(other.in_, -1)),
      out_(std::exchange(other.out_, -1)) {}

Process::~Process() {
  close_if_open(in_);
  close_if_open(out_);
  if (pid_ < 0) return;
  (void)::kill(pid_, SIGKILL);
  (void)::waitpid(pid_, nullptr, 0);
}

void Process::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t size = ::write(in_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EPIPE) return;  // A floor that reads nothing may be gone.
    if (size < 0) fail_with_errno("write to " + name_);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::string Process::read_line() const {
  std::string line;
  for (char c = 0;;) {
    const ssize_t size = ::read(out_, &c, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) throw BenchError(name_ + " ended before a line was whole: `" + line + "'\n" + last_errors());
    if (c == '\n') return line;
    line += c;
  }
}

std::size_t Process::read_to_end() {
  static std::vector<char> buffer(std::size_t{1} << 20);
  std::size_t total = 0;
  while (true) {
    const ssize_t size = ::read(out_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != ECONNRESET) fail_with_errno("read from " + name_);
    if (size <= 0) return total;
    total += static_cast<std::size_t>(size);
  }
}

void Process::send_signal(int signo) const { (void)::kill(pid_, signo); }

void Process::end_input() {
  if (in_ >= 0) (void)::shutdown(in_, SHUT_WR);  // Does nothing to a pipe.
  close_if_open(in_);
}

Usage Process::wait() {
  Usage usage;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0) {
    if (errno != EINTR) fail_with_errno("waitid for " + name_);
  }
  // Not yet reaped: its clock can still be read, and it is that of the process alone; wait4 adds its children.
  clockid_t clock{};
  timespec cpu{};
  if (::clock_getcpuclockid(pid_, &clock) == 0 && ::clock_gettime(clock, &cpu) == 0) {
    usage.cpu_seconds = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / 1e9;
  }
  int status = 0;
  rusage used{};
  (void)::wait4(pid_, &status, 0, &used);
  pid_ = -1;
  usage.peak_rss_kib = used.ru_maxrss;
  usage.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return usage;
}

Usage Process::wait_success() {
  const Usage usage = wait();
  if (usage.exit_code != 0) {
    throw BenchError(name_ + " ended with code " + std::to_string(usage.exit_code) + "\n" + last_errors());
  }
  return usage;
}

long Process::rss_kib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

}  // namespace stapsh::bench
