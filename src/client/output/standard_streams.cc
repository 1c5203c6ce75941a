// SPDX-License-Identifier: Apache-2.0
#include "client/output/standard_streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/post.hpp>
#include <cerrno>
#include <string>
#include <utility>

#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"
#include "sys/terminal.h"
#include "sys/terminal_rescue.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kOutputPipeBytes = std::size_t{1} << 20;
constexpr Duration kHoldTime = std::chrono::milliseconds(300);
constexpr Duration kLastReadTime = std::chrono::seconds(1);
constexpr int kSignalCodeBase = 128;

// A terminal, a pipe or a file that is both, as after 2>&1.
bool are_same(int a, int b) {
  if (sys::is_same_terminal(a, b)) return true;
  struct stat of_a {
  }, of_b{};
  if (::fstat(a, &of_a) != 0 || ::fstat(b, &of_b) != 0) return false;
  return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

}  // namespace

Result<std::unique_ptr<StandardStreams>> StandardStreams::create(asio::io_context& io, Listener listener) {
  std::unique_ptr<StandardStreams> streams(new StandardStreams(io, std::move(listener)));
  streams->out(Stream::kStdout).fd = TRY(sys::open_nonblocking(STDOUT_FILENO));
  // With a pipe of the usual 64 KiB we and its reader wait for each other all the time.
  sys::grow_pipe(streams->out(Stream::kStdout).fd.get(), kOutputPipeBytes);
  streams->out(Stream::kStderr).fd = TRY(sys::open_nonblocking(STDERR_FILENO));
  streams->out(Stream::kStdout).has_status = sys::is_same_terminal(STDOUT_FILENO, STDERR_FILENO);
  streams->out(Stream::kStderr).has_status = true;
  streams->out(Stream::kStdout).is_terminal = ::isatty(STDOUT_FILENO) == 1;
  streams->out(Stream::kStderr).is_terminal = ::isatty(STDERR_FILENO) == 1;
  if (are_same(STDOUT_FILENO, STDERR_FILENO)) streams->buffers_.share();
  streams->watch_reader();
  return streams;
}

void StandardStreams::say(std::string_view line) {
  OutputBuffer& buffer = buffers_.of(Stream::kStderr);
  if (buffer.size() > kOverflowBytes) {  // Nobody reads it.
    errors_lost_ = true;
    return;
  }
  buffer.begin_line();
  buffer.append("rstap: ");
  buffer.append(line);
  buffer.append("\n");
  flush(Stream::kStderr);
}

void StandardStreams::on_event(const Event& event) {
  if (const auto* started = std::get_if<event::RunStarted>(&event.what)) {
    diverted_text_.set_targets(started->targets.size());
  }
  const auto* stop = std::get_if<event::StopAsked>(&event.what);
  if (recorded_ || stop == nullptr || stop->why != event::StopAsked::Why::kSignal) return;
  if (!std::exchange(stop_asked_, true) && stop->signal == SIGINT) hold();
  if (out(Stream::kStdout).closed) divert();
}

// A reader that the same ctrl-C ends may still take what comes, and die with it.
void StandardStreams::hold() {
  struct stat status {};
  const bool is_pipe = ::fstat(out(Stream::kStdout).fd.get(), &status) == 0 && S_ISFIFO(status.st_mode);
  if (!is_pipe || buffers_.shared()) return;
  held_ = true;
  hold_timer_.expires_after(kHoldTime);
  hold_timer_.async_wait([this](asio::error_code error) {
    held_ = false;
    if (!error && !drained_) on_pause();
  });
}

void StandardStreams::on_pause() {
  flush(Stream::kStdout);
  flush(Stream::kStderr);
}

void StandardStreams::flush(Stream stream) {
  if (buffers_.shared()) stream = Stream::kStdout;
  Out& out = this->out(stream);
  OutputBuffer& buffer = buffers_.of(stream);
  if (stream == Stream::kStdout && diverted_ && !buffer.empty()) {
    diverted_text_.append(buffers_.of(Stream::kStderr), buffer.view());
    buffer.consume(buffer.size());
  }
  // What is said after it, the summary, does not overtake it.
  const bool held = held_ && (stream == Stream::kStdout || !buffers_.of(Stream::kStdout).empty());
  if (out.is_terminal && (!write_screen() || covered_)) return;
  while (!buffer.empty() && !out.waiting && !out.closed && !held) {
    if (out.has_status) {
      status_.erase();
      if (!write_status()) break;
    }
    const Result<sys::IoResult> wrote = sys::write_some(out.fd.get(), buffer.view());
    if (!wrote) {
      on_write_failed(stream, wrote.error());
      break;
    }
    if (out.has_status && wrote->bytes > 0) status_.note_output(buffer.view()[wrote->bytes - 1]);
    buffer.consume(wrote->bytes);
    if (!wrote->would_block) continue;
    wait_writable(stream);
    break;
  }
  if (stream == Stream::kStderr && out.closed && !buffer.empty()) {
    errors_lost_ = true;
    buffer.consume(buffer.size());
  }
  if (!full()) {
    changed_.announce();
    listener_.on_room();
  }
}

// True: all of it is out, and something else may follow.
bool StandardStreams::write_status() {
  Out& out = this->out(Stream::kStderr);
  while (!status_.pending().empty() && !out.closed) {
    if (out.waiting) return false;
    const Result<sys::IoResult> wrote = sys::write_some(out.fd.get(), status_.pending());
    if (!wrote) {
      on_write_failed(Stream::kStderr, wrote.error());
      break;
    }
    status_.consume(wrote->bytes);
    if (!wrote->would_block) continue;
    wait_writable(Stream::kStderr);
    return false;
  }
  if (out.closed) status_.forget();
  return true;
}

bool StandardStreams::cover(std::string_view enter, std::string_view leave) {
  if (covered_) return true;
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    if (out(stream).is_terminal && (out(stream).waiting || !buffers_.of(stream).empty())) return false;
  }
  if (!screen_.empty() || out(Stream::kStdout).closed) return false;
  covered_ = true;
  screen_ = enter;
  leave_screen_ = leave;
  sys::terminal_rescue::keep_screen(out(Stream::kStdout).fd.get(), leave);
  (void)write_screen();
  return true;
}

bool StandardStreams::draw(std::string_view frame) {
  if (!covered_ || !screen_.empty()) return false;
  screen_ = frame;
  (void)write_screen();
  return true;
}

void StandardStreams::uncover() {
  if (!std::exchange(covered_, false)) return;
  screen_ += leave_screen_;
  flush(Stream::kStdout);
  flush(Stream::kStderr);
}

// True: all of it is out.
bool StandardStreams::write_screen() {
  Out& out = this->out(Stream::kStdout);
  while (!screen_.empty() && !out.closed) {
    if (out.waiting) return false;
    const Result<sys::IoResult> wrote = sys::write_some(out.fd.get(), screen_);
    if (!wrote) {
      on_write_failed(Stream::kStdout, wrote.error());
      break;
    }
    screen_.erase(0, wrote->bytes);
    if (!wrote->would_block) continue;
    wait_writable(Stream::kStdout);
    return false;
  }
  if (out.closed) screen_.clear();
  if (!covered_) sys::terminal_rescue::forget_screen();
  return true;
}

void StandardStreams::show_status(std::string_view line) {
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    if (out(stream).has_status && (out(stream).waiting || !buffers_.of(stream).empty())) return;
  }
  status_.draw(line);
  (void)write_status();
}

StandardStreams::~StandardStreams() {
  try {
    uncover();
    hide_status();
  } catch (...) {
    return;  // Out of memory: the line stays where it is.
  }
}

void StandardStreams::hide_status() {
  status_.erase();
  (void)write_status();
}

void StandardStreams::yield_status() {
  status_.yield();
  (void)write_status();
}

// As a shell user expects of `| head`, the run ends. What comes until then may still be wanted: see divert().
void StandardStreams::on_write_failed(Stream stream, const Error& error) {
  if (std::exchange(out(stream).closed, true) || stream == Stream::kStderr) return;
  close_code_ = error.sys_errno == EPIPE ? kSignalCodeBase + SIGPIPE : kExitLost;
  if (error.sys_errno != EPIPE) say("standard output: " + error.what);
  if (stop_asked_) divert();
  changed_.announce();  // Who waits for room waits no more.
  asio::post(io_, listener_.on_reader_gone);
}

// The ctrl-C that stops us has ended who reads us (tee), and the last output, often all that was asked for, is still to
// come.
void StandardStreams::divert() {
  if (buffers_.shared() || std::exchange(diverted_, true)) return;
  OutputBuffer& errors = buffers_.of(Stream::kStderr);
  // What was held back behind it, the summary, stays behind it.
  std::string behind;
  if (held_ && !out(Stream::kStderr).waiting) {
    behind = errors.view();
    errors.consume(errors.size());
  }
  say("standard output is closed; what would go there follows here");
  take_back();
  flush(Stream::kStdout);
  if (output_ended_) diverted_text_.finish(errors);
  if (!behind.empty()) {
    errors.begin_line();
    errors.append(behind);
  }
  flush(Stream::kStderr);
}

void StandardStreams::end_output() {
  output_ended_ = true;
  if (!diverted_) return;
  flush(Stream::kStdout);
  diverted_text_.finish(buffers_.of(Stream::kStderr));
}

// What the reader had not read when it went is still in the pipe.
void StandardStreams::take_back() {
  const int fd = out(Stream::kStdout).fd.get();
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) return;
  const Result<sys::UniqueFd> pipe =
      sys::open_at(AT_FDCWD, "/proc/self/fd/" + std::to_string(fd), O_RDONLY | O_NONBLOCK);
  std::array<char, 65'536> unread;
  while (pipe) {
    const Result<sys::IoResult> got = sys::read_some(pipe->get(), unread);
    if (!got || got->bytes == 0) return;
    diverted_text_.append(buffers_.of(Stream::kStderr), {unread.data(), got->bytes});
  }
}

bool StandardStreams::make_waiter(Out& out) {
  if (out.waiter) return true;
  Result<sys::UniqueFd> own = sys::duplicate(out.fd.get());
  if (own) out.waiter.emplace(io_, own->release());
  return out.waiter.has_value();
}

void StandardStreams::wait_writable(Stream stream) {
  Out& out = this->out(stream);
  if (!make_waiter(out)) return;  // Tried again with the next output.
  out.waiting = true;
  out.waiter->async_wait(Descriptor::wait_write, [this, stream](asio::error_code) {
    this->out(stream).waiting = false;
    (void)write_status();
    flush(stream);
    if (stream == Stream::kStderr) flush(Stream::kStdout);  // It may have waited for the status to be out.
  });
}

// Between two lines of output a reader may go, and nobody would know for hours.
void StandardStreams::watch_reader() {
  Out& out = this->out(Stream::kStdout);
  if (!make_waiter(out)) return;
  out.waiter->async_wait(Descriptor::wait_error, [this](asio::error_code error) {
    if (error || drained_) return;  // A file, which has no reader that could go.
    pollfd look{this->out(Stream::kStdout).fd.get(), 0, 0};
    if (::poll(&look, 1, 0) == 1 && (look.revents & (POLLERR | POLLHUP)) != 0) {
      return on_write_failed(Stream::kStdout, {Errc::kPeer, "closed", EPIPE});
    }
    watch_reader();
  });
}

// What a reader did not want who has gone is not waited for.
bool StandardStreams::has_unsent() const {
  const auto waits = [&](Stream stream) {
    const auto at = static_cast<std::size_t>(stream);
    return !buffers_.of(stream).empty() && !outs_[at].closed;
  };
  return waits(Stream::kStdout) || (!buffers_.shared() && !buffers_.of(Stream::kStderr).empty());
}

Awaitable<> StandardStreams::wait_room() {
  while (full() && has_unsent()) co_await changed_.wait();
}

Awaitable<> StandardStreams::wait_written() {
  on_pause();
  while (has_unsent()) co_await changed_.wait();
}

void StandardStreams::limit_waiting(int signo) {
  if (std::exchange(limited_, true)) return;  // Who asks again does not give them more time.
  const TimePoint from = held_ ? std::max(sys::now(), hold_timer_.expiry()) : sys::now();
  give_up_timer_.expires_at(from + kLastReadTime);
  give_up_timer_.async_wait([this, signo](asio::error_code error) {
    if (!error && !drained_) give_up(signo);
  });
}

void StandardStreams::give_up(int signo) {
  gave_up_ = true;
  limited_ = false;
  if (!close_code_) close_code_ = kSignalCodeBase + signo;
  OutputBuffer& output = buffers_.of(Stream::kStdout);
  if (!output.empty() && !diverted_) {
    out(Stream::kStdout).closed = true;
    drop(output.size());
    output.consume(output.size());
  }
  if (!buffers_.shared() && !buffers_.of(Stream::kStderr).empty()) {
    out(Stream::kStderr).closed = true;
    flush(Stream::kStderr);
  }
  changed_.announce();
}

Awaitable<> StandardStreams::drain(TimePoint deadline) {
  give_up_timer_.cancel();
  on_pause();
  if (diverted_) {
    diverted_text_.finish(buffers_.of(Stream::kStderr));
    flush(Stream::kStderr);
  }
  asio::steady_timer timer(io_, deadline);
  bool late = false;
  timer.async_wait([&](asio::error_code error) {
    late = !error;
    changed_.announce();
  });
  while (has_unsent() && !late) co_await changed_.wait();
  timer.cancel();
  hold_timer_.cancel();
  drained_ = true;
  // What a reader did not want who has gone is not lost.
  if (!out(Stream::kStdout).closed) dropped_bytes_ += buffers_.of(Stream::kStdout).size();
  errors_lost_ = errors_lost_ || !buffers_.of(Stream::kStderr).empty();
  for (Out& out : outs_) {
    out.closed = true;
    if (out.waiter) out.waiter->cancel();
  }
  // Their handlers refer to this frame and to us: let them run first.
  co_await asio::post(io_, asio::use_awaitable);
  if (dropped_bytes_ == 0) co_return;
  // What was written last may have been a part of what waited, with a colour that its lost end would have ended.
  const std::string_view colour = is_terminal(Stream::kStderr) ? OutputBuffer::kEndColour : "";
  const std::string text =
      fmt::format("{}rstap: standard output was not read: {} bytes of output are lost\n", colour, dropped_bytes_);
  (void)sys::write_all(STDERR_FILENO, text, std::chrono::seconds(1));
}

int StandardStreams::exit_code(int code) const {
  if (close_code_) return *close_code_;
  if (dropped_bytes_ > 0) return kExitLost;
  // There is nowhere left to say it; but 0 would say that all has arrived.
  return code == 0 && errors_lost_ ? kExitLost : code;
}

}  // namespace stapsh::client
