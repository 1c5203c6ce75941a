// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "scratch.h"

namespace stapsh::real {
namespace {

using Clock = std::chrono::steady_clock;

int checked(int result, const char* what) {
  if (result < 0) throw HarnessError(std::string(what) + ": " + std::strerror(errno));
  return result;
}

std::string find_program(const std::string& name, const std::vector<std::string>& env) {
  if (name.find('/') != std::string::npos) return name;
  std::string path = "/usr/sbin:/usr/bin:/sbin:/bin";
  for (const std::string& variable : env) {
    if (variable.starts_with("PATH=")) path = variable.substr(5);
  }
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string file = path.substr(at, end - at) + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  throw HarnessError("no program " + name + " in " + path);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

// A later NAME=VALUE replaces an earlier one, as a reader of `env` expects; getenv would find the first.
std::vector<std::string> last_wins(const std::vector<std::string>& env) {
  std::vector<std::string> kept;
  for (auto variable = env.rbegin(); variable != env.rend(); ++variable) {
    const std::string name = variable->substr(0, variable->find('=') + 1);
    const auto known = [&](const std::string& other) { return other.starts_with(name); };
    if (std::none_of(kept.begin(), kept.end(), known)) kept.push_back(*variable);
  }
  return kept;
}

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    std::array<int, 2> ends{};
    checked(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
    read = ends[0], write = ends[1];
  }
};

int shell_code(const siginfo_t& info) { return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status; }

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size()) times++;
  return times;
}

std::string shown(const std::string& text) {
  constexpr std::size_t kShown = 8000;
  if (text.size() <= kShown) return text;
  return text.substr(0, kShown / 2) + "\n… " + std::to_string(text.size()) + " bytes in all …\n" +
         text.substr(text.size() - kShown / 2);
}

}  // namespace

Program::Program(ProgramOptions options) : options_(std::move(options)), reading_(options_.read_output) {
  using Input = ProgramOptions::Input;
  (void)::signal(SIGPIPE, SIG_IGN);
  const std::string file = find_program(options_.argv.at(0), options_.env);
  std::vector<std::string> env = last_wins(options_.env);
  const std::vector<char*> argv_pointers = pointers(options_.argv), env_pointers = pointers(env);

  int child_in = -1, child_out = -1;
  if (options_.input == Input::kSocket) {
    std::array<int, 2> ends{};
    checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    in_ = ends[0], out_ = checked(::fcntl(ends[0], F_DUPFD_CLOEXEC, 3), "dup");
    child_in = ends[1], child_out = checked(::fcntl(ends[1], F_DUPFD_CLOEXEC, 3), "dup");
  } else {
    const Pipe out;
    out_ = out.read, child_out = out.write;
    if (options_.input == Input::kPipe) {
      const Pipe in;
      in_ = in.write, child_in = in.read;
    } else {
      child_in = checked(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
    }
  }
  const Pipe err;
  err_ = err.read;
  if (in_ >= 0) (void)::fcntl(in_, F_SETFL, O_NONBLOCK);
  wake_ = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");

  const pid_t test = ::getpid();
  pid_ = checked(::fork(), "fork");
  if (pid_ == 0) {  // Only async-signal-safe calls from here on.
    // A test that is killed leaves none of its programs. (It may have been before we asked for that.)
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != test) ::_exit(127);
    (void)::setpgid(0, 0);
    sigset_t mask;
    sigemptyset(&mask);
    for (int signo = 1; signo < NSIG; signo++) (void)::signal(signo, SIG_DFL);
    for (const int signo : options_.ignored_signals) (void)::signal(signo, SIG_IGN);
    for (const int signo : options_.blocked_signals) sigaddset(&mask, signo);
    (void)::sigprocmask(SIG_SETMASK, &mask, nullptr);
    (void)::dup2(child_in, 0);
    (void)::dup2(child_out, 1);
    (void)::dup2(err.write, 2);
    if (::chdir(options_.cwd.c_str()) == 0) ::execve(file.c_str(), argv_pointers.data(), env_pointers.data());
    const char text[] = "harness: cannot start the program\n";
    (void)!::write(2, text, sizeof text - 1);
    ::_exit(127);
  }
  (void)::setpgid(pid_, pid_);  // Both sides: whoever comes first.
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  for (const int fd : {child_in, child_out, err.write}) (void)::close(fd);
  collector_ = std::thread([this] { collect(); });
}

Program::~Program() {
  if (running()) send_group_signal(SIGKILL), send_signal(SIGKILL);
  close_input();
  (void)wait_gone();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
  collector_.join();
  for (const int fd : {pidfd_, out_, err_, wake_}) {
    if (fd >= 0) (void)::close(fd);
  }
}

void Program::collect() {
  std::unique_lock lock(mutex_);
  std::string buffer(1 << 16, '\0');
  while (!stop_ && (exit_code_ < 0 || out_open_ || err_open_)) {
    if (close_output_ && out_ >= 0) {
      (void)::close(out_);
      out_ = -1;
      out_open_ = false;
      changed_.notify_all();
    }
    std::array<pollfd, 4> fds{pollfd{out_open_ && reading_ ? out_ : -1, POLLIN, 0},
                              pollfd{err_open_ ? err_ : -1, POLLIN, 0}, pollfd{exit_code_ < 0 ? pidfd_ : -1, POLLIN, 0},
                              pollfd{wake_, POLLIN, 0}};
    lock.unlock();
    (void)::poll(fds.data(), fds.size(), -1);
    if (fds[3].revents != 0) (void)!::read(wake_, buffer.data(), sizeof(std::uint64_t));
    const auto read_some = [&](const pollfd& fd) {
      return fd.revents == 0 ? -1 : ::read(fd.fd, buffer.data(), buffer.size());
    };
    for (const bool is_out : {true, false}) {
      const pollfd& fd = fds[is_out ? 0 : 1];
      const ssize_t size = read_some(fd);
      const std::lock_guard relock(mutex_);
      if (size > 0) {
        std::string& text = is_out ? out_text_ : err_text_;
        const std::size_t room = options_.kept_bytes_max - std::min(options_.kept_bytes_max, text.size());
        text.append(buffer.data(), std::min(static_cast<std::size_t>(size), room));
        if (is_out) out_bytes_ += static_cast<std::size_t>(size);
      }
      // A socket whose peer died with unread input says ECONNRESET: an end as well.
      if (fd.revents != 0 && size <= 0) (is_out ? out_open_ : err_open_) = false;
    }
    lock.lock();
    if (fds[2].revents != 0) {
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == 0) exit_code_ = shell_code(info);
    }
    changed_.notify_all();
  }
}

testing::AssertionResult Program::wait_until(const std::string& what, Bound bound, const auto& condition) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, bound, condition)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no " << what << " within " << bound.count() << " ms of " << captured_locked();
}

void Program::send_signal(int signo) const { (void)::syscall(SYS_pidfd_send_signal, pidfd_, signo, nullptr, 0); }

void Program::send_group_signal(int signo) const {
  if (running()) (void)::kill(-pid_, signo);
}

testing::AssertionResult Program::write(std::string_view bytes, Bound bound) {
  const auto deadline = Clock::now() + bound;
  while (!bytes.empty()) {
    const ssize_t size = ::send(in_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    const ssize_t done = size < 0 && errno == ENOTSOCK ? ::write(in_, bytes.data(), bytes.size()) : size;
    if (done > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(done));
      continue;
    }
    // A program may have had enough: what it said and its exit tell.
    if (errno == EPIPE || errno == ECONNRESET) return testing::AssertionSuccess();
    if (errno != EAGAIN) return testing::AssertionFailure() << "write: " << std::strerror(errno) << ": " << captured();
    const auto left = std::chrono::duration_cast<Bound>(deadline - Clock::now());
    pollfd fd{in_, POLLOUT, 0};
    if (left.count() <= 0 || ::poll(&fd, 1, static_cast<int>(left.count())) == 0)
      return testing::AssertionFailure() << bytes.size() << " bytes not taken: " << captured();
  }
  return testing::AssertionSuccess();
}

void Program::close_input() {
  if (in_ < 0) return;
  if (options_.input == ProgramOptions::Input::kSocket) (void)::shutdown(in_, SHUT_WR);
  (void)::close(in_);
  in_ = -1;
}

void Program::resume_reading() {
  {
    const std::lock_guard lock(mutex_);
    reading_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
}

void Program::close_output() {
  {
    const std::lock_guard lock(mutex_);
    close_output_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
  (void)wait_until("closed output", kBound, [&] { return !out_open_; });
}

std::string Program::out() const {
  const std::lock_guard lock(mutex_);
  return out_text_;
}

std::string Program::err() const {
  const std::lock_guard lock(mutex_);
  return err_text_;
}

bool Program::running() const {
  const std::lock_guard lock(mutex_);
  return exit_code_ < 0;
}

testing::AssertionResult Program::wait_for_out(std::string_view text, Bound bound) {
  return wait_for_out_times(text, 1, bound);
}

testing::AssertionResult Program::wait_for_out_times(std::string_view text, std::size_t times, Bound bound) {
  return wait_until(std::to_string(times) + " x '" + std::string(text) + "' on standard output", bound,
                    [&] { return count(out_text_, text) >= times; });
}

testing::AssertionResult Program::wait_for_err(std::string_view text, Bound bound) {
  return wait_until("'" + std::string(text) + "' on standard error", bound,
                    [&] { return err_text_.find(text) != std::string::npos; });
}

testing::AssertionResult Program::wait_gone(Bound bound) {
  return wait_until("exit", bound, [&] { return exit_code_ >= 0; });
}

testing::AssertionResult Program::wait_ended(Bound bound) {
  return wait_until("end of process and output", bound,
                    [&] { return exit_code_ >= 0 && !err_open_ && (!out_open_ || !reading_); });
}

int Program::exit_code() const {
  const std::lock_guard lock(mutex_);
  return exit_code_;
}

std::size_t Program::out_bytes() const {
  const std::lock_guard lock(mutex_);
  return out_bytes_;
}

int Program::wait_exit(Bound bound) {
  const testing::AssertionResult gone = wait_ended(bound);
  if (!gone) ADD_FAILURE() << gone.message();
  const std::lock_guard lock(mutex_);
  return gone ? exit_code_ : -1;
}

std::string Program::captured() const {
  const std::lock_guard lock(mutex_);
  return captured_locked();
}

std::string Program::captured_locked() const {
  std::string text = "program";
  for (const std::string& word : options_.argv) text += " " + (word.size() < 200 ? word : word.substr(0, 60) + "…");
  text += exit_code_ < 0 ? "\n-- still running" : "\n-- exit " + std::to_string(exit_code_);
  return text + "\n-- standard output\n" + shown(out_text_) + "\n-- standard error\n" + shown(err_text_) + "\n--";
}

}  // namespace stapsh::real
