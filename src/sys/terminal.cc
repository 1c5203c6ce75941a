// SPDX-License-Identifier: Apache-2.0
#include "sys/terminal.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sys/process_tree.h"
#include "sys/terminal_rescue.h"

namespace stapsh::sys {
namespace {

constexpr std::size_t kColumnsDefault = 80, kLinesDefault = 24;
constexpr std::size_t kTypedBytesMax = 4'096;

class IgnoreSignal {
 public:
  explicit IgnoreSignal(int signo) : signo_(signo), before_(::signal(signo, SIG_IGN)) {}
  ~IgnoreSignal() { (void)::signal(signo_, before_); }
  IgnoreSignal(const IgnoreSignal&) = delete;
  IgnoreSignal& operator=(const IgnoreSignal&) = delete;

 private:
  int signo_;
  void (*before_)(int);
};

struct CloseFolder {
  void operator()(DIR* folder) const { (void)::closedir(folder); }
};

bool has_open(pid_t pid, std::string_view terminal) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd";
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
  if (!folder) return false;
  std::array<char, 64> target{};                           // A terminal's name is short.
  while (const dirent* entry = ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe): a folder of our own.
    const ssize_t size = ::readlinkat(::dirfd(folder.get()), entry->d_name, target.data(), target.size());
    if (size <= 0) continue;
    const std::string_view name(target.data(), static_cast<std::size_t>(size));
    if (name == "/dev/tty" || name == terminal) return true;
  }
  return false;
}

// Of a terminal: of the one itself, not of its other name, /dev/tty.
std::optional<unsigned> device_of(int fd) {
  unsigned device = 0;
  return ::ioctl(fd, TIOCGDEV, &device) == 0 ? std::optional(device) : std::nullopt;
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool obeys_controls() {
  const char* term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

bool is_same_terminal(int one, int other) {
  const std::optional<unsigned> a = device_of(one);
  return a && a == device_of(other);
}

std::size_t terminal_columns(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kColumnsDefault;
}

bool is_in_foreground(int fd) {
  const pid_t group = ::tcgetpgrp(fd);
  return group < 0 ? errno == ENOTTY : group == ::getpgrp();
}

bool echoes(int fd) {
  termios mode{};
  return ::tcgetattr(fd, &mode) != 0 || (mode.c_lflag & ECHO) != 0;
}

void set_terminal_mode(int fd, const termios& mode) {
  const IgnoreSignal ignore(SIGTTOU);  // A background job that changes a terminal would be stopped.
  (void)::tcsetattr(fd, TCSANOW, &mode);
}

bool is_asked_something(int fd) {
  std::array<char, PATH_MAX> name{};
  const bool named = ::ttyname_r(fd, name.data(), name.size()) == 0;
  const std::string_view terminal = named ? name.data() : "/dev/tty";
  const std::vector<pid_t> pids = descendants(::getpid()).pids;
  return std::any_of(pids.begin(), pids.end(), [&](pid_t pid) { return has_open(pid, terminal); });
}

std::size_t terminal_lines(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : kLinesDefault;
}

SingleKeys::SingleKeys(int fd) {
  if (!is_terminal(fd)) return;
  Result<NonblockingFd> opened = open_nonblocking(fd);
  if (opened && !opened->changed_flags()) fd_ = *std::move(opened);
}

void SingleKeys::begin() {
  termios mode{};
  if (before_ || !fd_.valid() || ::tcgetattr(fd_.get(), &mode) != 0) return;
  before_ = mode;
  terminal_rescue::keep_mode(fd_.get(), mode);
  mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  set_terminal_mode(fd_.get(), mode);
}

void SingleKeys::end() {
  if (before_ && is_in_foreground(fd_.get())) set_terminal_mode(fd_.get(), *before_);
  if (before_) terminal_rescue::forget_mode();
  before_.reset();
}

std::string SingleKeys::take() {
  if (!fd_.valid() || !before_ || !is_in_foreground(fd_.get())) return {};
  std::string typed(kTypedBytesMax, '\0');
  const IgnoreSignal ignore(SIGTTIN);  // Since that look at who is in the foreground it may have become another.
  const Result<IoResult> got = read_some(fd_.get(), typed);
  typed.resize(got && !got->would_block ? got->bytes : 0);
  return typed;
}

TerminalKeys::TerminalKeys(int fd) {
  if (!is_terminal(fd)) return;
  Result<NonblockingFd> opened = open_nonblocking(fd);
  if (opened && !opened->changed_flags()) fd_ = *std::move(opened);
}

bool TerminalKeys::take_line() {
  if (!fd_.valid()) return false;
  pollfd look{fd_.get(), POLLIN, 0};
  if (::poll(&look, 1, 0) != 1) return false;
  std::array<char, 4'096> typed{};
  // Between the last look at who is in the foreground and this it may have become another.
  void (*const before)(int) = ::signal(SIGTTIN, SIG_IGN);
  const Result<IoResult> got = read_some(fd_.get(), typed);
  (void)::signal(SIGTTIN, before);
  if (got && got->would_block) return false;
  if (!got || got->end) fd_.reset();  // ctrl-D, or the terminal has gone: no more keys.
  return got && std::find(typed.begin(), typed.begin() + static_cast<std::ptrdiff_t>(got->bytes), '\n') != typed.end();
}

}  // namespace stapsh::sys
