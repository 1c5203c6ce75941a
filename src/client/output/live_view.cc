// SPDX-License-Identifier: Apache-2.0
#include "client/output/live_view.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/parse_seconds.h"
#include "client/output/live_screen.h"
#include "sys/clock.h"

namespace stapsh::client {
namespace {

// Answers take a moment: a fleet's come within it, and a late one is shown the next time.
constexpr Duration kAnswerTime = std::chrono::milliseconds(250);
constexpr Duration kKeyEvery = std::chrono::milliseconds(50);
// So often somebody is asked before it is said that nothing comes.
constexpr std::size_t kAskedMin = 5;
// So much text waits for the view's end; of more, the view makes way for a moment.
constexpr std::size_t kWaitingTextMax = std::size_t{256} << 10;

// The alternate screen, whose cursor is not seen; what the terminal had before is kept by it.
// Source: xterm's ctlseqs, DEC private modes 1049 and 25; 2026 and 7 are a frame's, in whose middle a signal may end
// us.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l", kLeave = "\033[?2026l\033[?7h\033[?25h\033[?1049l";

}  // namespace

LiveView::LiveView(asio::io_context& io, AnswerRequest request, SumSink& sum, StandardStreams& streams, Faults& faults,
                   Ways ways)
    : request_(std::move(request)),
      sum_(sum),
      streams_(streams),
      faults_(faults),
      ways_(std::move(ways)),
      terminal_(streams.is_terminal(Stream::kStdout) && sys::obeys_controls()),
      keys_wanted_(terminal_ && sys::is_same_terminal(STDIN_FILENO, STDOUT_FILENO)),
      keys_(STDIN_FILENO),
      turn_timer_(io),
      show_timer_(io),
      key_timer_(io),
      signals_(io) {}

void LiveView::on_event(const Event& event) {
  run_.on_event(event);
  if (const auto* started = std::get_if<event::RunStarted>(&event.what)) start(*started);
  // What comes now is what people wait for: END's output, the sums, the summary.
  if (std::holds_alternative<event::StopAsked>(event.what) || std::holds_alternative<event::RunEnded>(event.what))
    stop();
}

void LiveView::on_pause() {
  if (streams_.covered() && streams_.buffers().pending_bytes() > kWaitingTextMax) leave();
}

void LiveView::start(const event::RunStarted& started) {
  running_ = true;
  // bpftrace reads no input, so the terminal is nobody else's, unless the program came from there.
  keys_wanted_ = keys_wanted_ && started.script != "-";
  if (terminal_) {
    signals_.add(SIGTSTP);
    signals_.add(SIGCONT);
    signals_.add(SIGWINCH);
    wait_signal();
  }
  turn_ = sys::now();
  wait_turn();
}

void LiveView::stop() {
  if (!std::exchange(running_, false)) return;
  turn_timer_.cancel();
  show_timer_.cancel();
  key_timer_.cancel();
  signals_.cancel();
  signals_.clear();
  leave();
}

// At fixed moments, so that what showing takes does not add up; those that are over are left out.
void LiveView::wait_turn() {
  const Duration interval = *request_.live;
  turn_ += interval;
  if (const TimePoint now = sys::now(); turn_ < now) turn_ = now;
  turn_timer_.expires_at(turn_);
  turn_timer_.async_wait([this](asio::error_code error) {
    if (!error && running_) on_turn();
  });
}

void LiveView::on_turn() {
  faults_.contain("--live", [this] {
    const std::vector<std::size_t> targets = sum_.askable();
    if (!targets.empty()) ++asked_;
    ways_.ask(targets);
  });
  const Duration interval = *request_.live;
  show_timer_.expires_after(std::min(kAnswerTime, interval / 2));
  show_timer_.async_wait([this](asio::error_code error) {
    if (!error && running_) show();
  });
  wait_turn();
}

void LiveView::show() {
  faults_.contain("--live", [this] { show_answers(); });
}

void LiveView::show_answers() {
  const std::string state = run_.text(sys::now()) + silence_text();
  const std::string every = format_seconds(*request_.live);
  if (terminal_) return draw(fmt::format("rstap: {}; every {} s{}", state, every, keys_wanted_ ? ", q quits" : ""));
  const std::vector<Answer> answers = sum_.latest();
  if (answers.empty()) return;
  sum_.show_lines(live_lines(answers, sum_.names(), request_, ways_.look(), {fmt::format("--- {}", state)}));
  streams_.on_pause();
}

// Where versions are not known, 0.22 and 0.23 look like those before, and print nothing.
std::string LiveView::silence_text() const {
  const std::size_t silent = asked_ < kAskedMin ? 0 : sum_.silent();
  return silent == 0 ? "" : fmt::format("; {} print nothing: no data yet, or bpftrace 0.22 or later", silent);
}

void LiveView::draw(std::string head) {
  if (!sys::is_in_foreground(STDOUT_FILENO)) return;
  if (!streams_.covered()) {
    // Until the first of them runs, they may have something to say, or to ask for: a password.
    if (run_.count(TargetState::kRunning) == 0) return;
    if (run_.count(TargetState::kConnecting) > 0 && sys::is_asked_something(STDOUT_FILENO)) return;
    if (!streams_.cover(kEnter, kLeave)) return;
    if (keys_wanted_) keys_.begin();
    wait_key();
  }
  if (const std::size_t waiting = streams_.buffers().pending_bytes(); waiting > 0) {
    head += fmt::format("; {} bytes of text wait for the end", waiting);
  }
  const std::vector<Answer> answers = sum_.latest();
  const LiveScreen screen{std::move(head), sys::terminal_lines(STDOUT_FILENO)};
  HeatLook look = ways_.look();
  --look.columns;  // A terminal that does not wrap erases from the last column on when it is told to from behind it.
  const std::vector<std::string> lines = live_lines(answers, sum_.names(), request_, look, screen);
  (void)streams_.draw(screen_frame(lines));  // A terminal that is slow misses one of them.
}

void LiveView::leave() {
  key_timer_.cancel();
  keys_.end();
  streams_.uncover();
}

void LiveView::wait_key() {
  if (!keys_wanted_) return;
  key_timer_.expires_after(kKeyEvery);
  key_timer_.async_wait([this](asio::error_code error) {
    if (error || !running_) return;
    // As ctrl-C does: there is one way to stop a run.
    if (keys_.take().find_first_of("qQ") != std::string::npos) (void)::kill(::getpid(), SIGINT);
    wait_key();
  });
}

void LiveView::wait_signal() {
  signals_.async_wait([this](asio::error_code error, int signo) {
    if (error || !running_) return;
    on_signal(signo);
    wait_signal();
  });
}

void LiveView::on_signal(int signo) {
  if (signo == SIGTSTP) {
    leave();
    signals_.remove(SIGTSTP);  // Its default is what was asked for.
    (void)::raise(SIGTSTP);
    signals_.add(SIGTSTP);
    return;
  }
  show();  // It has another size, or is ours again.
}

}  // namespace stapsh::client
