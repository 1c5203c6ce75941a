// SPDX-License-Identifier: Apache-2.0
#include "client/output/progress.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "client/options/direct_form.h"
#include "client/output/columns.h"
#include "sys/clock.h"

namespace stapsh::client {
namespace {

// What is over sooner looks as if there were no status line.
constexpr Duration kFirstAfter = std::chrono::milliseconds(500);
constexpr Duration kDrawEvery = std::chrono::milliseconds(100);
// Lines in a file are for who looks into it later.
constexpr Duration kSayEvery = std::chrono::seconds(5);
// Looking at the processes that may use the terminal takes at most this part of the time.
constexpr int kLookShare = 20;

// Who reads it may write to the terminal at any moment, as less and tee do.
bool has_reader(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) != 0 || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
}

// What standard input is for somebody else: the script's source, or a command that a local runner starts.
bool reads_input(const event::RunStarted& started) {
  const bool script =
      started.script == "-" || started.script.starts_with("/dev/") || started.script.starts_with("/proc/");
  return script || std::any_of(started.targets.begin(), started.targets.end(),
                               [](const auto& target) { return is_direct(target.uri); });
}

}  // namespace

std::unique_ptr<Progress> Progress::create(asio::io_context& io, ProgressMode mode, StandardStreams& streams,
                                           Faults& faults, std::function<void()> on_asked) {
  const bool terminal = sys::is_terminal(STDERR_FILENO) && sys::obeys_controls();
  const bool shared = has_reader(STDOUT_FILENO);
  if (mode == ProgressMode::kNever || (mode == ProgressMode::kAuto && (!terminal || shared))) return nullptr;
  std::unique_ptr<Progress> progress(new Progress(io, streams, faults, std::move(on_asked)));
  progress->terminal_ = terminal;
  progress->keys_wanted_ = terminal && !shared && sys::is_same_terminal(STDIN_FILENO, STDERR_FILENO);
  return progress;
}

void Progress::on_event(const Event& event) {
  run_.on_event(event);
  if (const auto* started = std::get_if<event::RunStarted>(&event.what)) start(*started);
  if (std::holds_alternative<event::RunEnded>(event.what)) stop();
}

void Progress::on_asking(bool asking) {
  asking_ = asking;
  if (asking) streams_.hide_status();
}

void Progress::start(const event::RunStarted& started) {
  if (keys_wanted_ && !reads_input(started)) keys_.emplace(STDIN_FILENO);
  if (terminal_) {
    signals_.add(SIGTSTP);
    signals_.add(SIGCONT);
    wait_signal();
  }
  wait(kFirstAfter);
}

void Progress::stop() {
  timer_.cancel();
  signals_.cancel();
  signals_.clear();
  keys_.reset();
  streams_.hide_status();
}

void Progress::wait(Duration time) {
  timer_.expires_after(time);
  timer_.async_wait([this](asio::error_code error) {
    if (!error) on_timer();
  });
}

void Progress::on_timer() {
  if (!terminal_) {
    faults_.contain("the progress", [this] { show_line(); });
    return wait(kSayEvery);
  }
  const TimePoint begin = sys::now();
  faults_.contain("the progress", [this] { show_status(); });
  wait(std::max(kDrawEvery, kLookShare * (sys::now() - begin)));
}

void Progress::show_line() {
  std::string text = run_.text(sys::now());
  if (text != shown_) streams_.say(text);
  shown_ = std::move(text);
}

void Progress::show_status() {
  if (!sys::is_in_foreground(STDERR_FILENO)) return streams_.forget_status();
  if (is_asked_something()) return streams_.yield_status();
  if (keys_ && keys_->take_line()) on_asked_();
  // The last column stays empty: there some terminals begin a new line by themselves.
  const std::size_t columns = sys::terminal_columns(STDERR_FILENO) - 1;
  std::string text = fit_columns("rstap: " + run_.text(sys::now()), columns);
  if (text == shown_ && streams_.shows_status()) return;
  shown_ = std::move(text);
  streams_.show_status(shown_);
}

// What connects may ask for a password, or whether a host is known: it would take our line for its own, and its answer
// is not for us.
bool Progress::is_asked_something() const {
  if (asking_ || !sys::echoes(STDERR_FILENO)) return true;
  return run_.count(TargetState::kConnecting) > 0 && sys::is_asked_something(STDERR_FILENO);
}

void Progress::wait_signal() {
  signals_.async_wait([this](asio::error_code error, int signo) {
    if (error) return;
    faults_.contain("the progress", [&] { on_signal(signo); });
    wait_signal();
  });
}

void Progress::on_signal(int signo) {
  if (signo == SIGTSTP) {
    streams_.hide_status();
    signals_.remove(SIGTSTP);  // Its default is what was asked for.
    (void)::raise(SIGTSTP);
    signals_.add(SIGTSTP);
  }
  // Whoever had the terminal meanwhile left it at the beginning of a line.
  if (!sys::is_in_foreground(STDERR_FILENO)) return streams_.forget_status();
  if (streams_.shows_status()) streams_.show_status(shown_);
}

}  // namespace stapsh::client
