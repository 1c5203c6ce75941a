// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/askpass.h"

#include <signal.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "client/prompts/question.h"
#include "client/prompts/wire.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/packet_socket.h"
#include "sys/prompt_mode.h"
#include "sys/secret.h"
#include "sys/signal_fd.h"
#include "sys/unix_socket.h"

namespace stapsh::client {
namespace {

constexpr int kAnswered = 0, kNotAnswered = 1;
constexpr std::size_t kAskedBytesMax = 8'192;  // As much as is shown.
constexpr Duration kWriteLimit = std::chrono::seconds(10), kLookAgainAfter = std::chrono::hours(1);

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

/// The terminal, while a question of ours is on it.
class QuestionOnTerminal {
 public:
  QuestionOnTerminal(sys::UniqueFd terminal, Question question)
      : terminal_(std::move(terminal)), question_(std::move(question)) {}
  ~QuestionOnTerminal() { end(); }
  QuestionOnTerminal(const QuestionOnTerminal&) = delete;
  QuestionOnTerminal& operator=(const QuestionOnTerminal&) = delete;

  [[nodiscard]] int fd() const { return terminal_.get(); }

  Result<> begin() {
    const std::optional<termios> mode = sys::terminal_mode(fd());
    if (!mode) return fail(Errc::kSystem, "the terminal has gone");
    const termios asking = sys::question_mode(*mode, is_shown(question_.text));
    TRY(sys::begin_question_mode(fd(), asking));
    before_ = *mode;
    asking_ = asking;
    return sys::write_all(fd(), shown_question(question_), kWriteLimit);
  }
  void end() {
    if (before_) sys::end_question_mode(fd(), asking_, *before_);
    before_.reset();
  }
  /// The same; but what ends as well has left the terminal otherwise than it was when it was started: `home`.
  void end_with(const termios& home) {
    if (before_) before_ = home;
    end();
    end_line();
  }
  /// Where the person's own end of the line was not shown.
  void end_line() const { (void)sys::write_all(fd(), "\n", kWriteLimit); }
  void end_hidden_line() const {
    if (!is_shown(question_.text)) end_line();
  }

 private:
  sys::UniqueFd terminal_;
  Question question_;
  std::optional<termios> before_;
  termios asking_{};
};

class Askpass {
 public:
  Askpass(sys::UniqueFd asker, sys::SignalFd signals) : asker_(std::move(asker)), signals_(std::move(signals)) {}

  Result<int> run(Question question) {
    TRY(sys::send_packet(asker_.get(), format_question(question)));
    sys::Secret packet = TRY(sys::Secret::create());
    if (!TRY(wait_turn(packet))) return kNotAnswered;
    if (packet.text().starts_with(kAnswer)) return hand_over(packet.text().substr(1));
    termios home{};
    if (packet.text().size() != 1 + sizeof home) return kNotAnswered;
    std::memcpy(&home, packet.text().data() + 1, sizeof home);
    QuestionOnTerminal terminal(TRY(sys::open_own_terminal()), std::move(question));
    TRY(terminal.begin());
    return ask(terminal, packet, home);
  }

 private:
  enum Which { kAsker, kSsh, kSignals, kKeys, kWhichCount };
  struct Ready {
    std::array<pollfd, kWhichCount> entries;
    bool operator[](Which which) const { return entries.at(which).revents != 0; }
  };

  /// `keys`: the terminal, or -1.
  Result<Ready> wait(int keys) {
    Ready ready{{{{asker_.get(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}, {signals_.fd(), POLLIN, 0}, {keys, POLLIN, 0}}}};
    while (!TRY(sys::wait_for_any(ready.entries, sys::deadline_after(kLookAgainAfter)))) {
    }
    return ready;
  }

  /// False: there is nobody left to ask for.
  Result<bool> wait_turn(sys::Secret& packet) {
    while (true) {
      const Ready ready = TRY(wait(-1));
      if (ready[kSignals] && wants_end(signals_.read())) return false;
      if (ready[kSsh]) return false;
      if (!ready[kAsker]) continue;
      const sys::IoResult got = TRY(sys::receive_packet(asker_.get(), packet.room()));
      packet.set_size(got.bytes);
      if (!got.would_block) return !got.end;
    }
  }

  // A ctrl-C is for the client: it stops the run, us as well. Ctrl-Z stops us without waiting for us.
  static bool wants_end(const std::optional<sys::SignalInfo>& signal) {
    if (signal && signal->signo == SIGTSTP) (void)::raise(SIGSTOP);
    return signal && (signal->signo == SIGTERM || signal->signo == SIGHUP);
  }

  Result<int> ask(QuestionOnTerminal& terminal, sys::Secret& packet, const termios& home) {
    std::size_t typed = 0;
    packet.room()[0] = kAnswer;
    const std::span<char> room = packet.room().subspan(1);
    while (true) {
      const Ready ready = TRY(wait(terminal.fd()));
      if (ready[kAsker]) return terminal.end_with(home), kNotAnswered;
      if (ready[kSsh]) break;
      if (ready[kSignals]) {
        const std::optional<sys::SignalInfo> signal = signals_.read();
        const bool holds = signal && signal->signo == SIGTSTP;
        if (holds) terminal.end();
        if (wants_end(signal)) break;
        if (holds) TRY(terminal.begin());
      }
      if (!ready[kKeys]) continue;
      const Result<sys::IoResult> got = sys::read_some(terminal.fd(), room.subspan(typed));
      if (!got || (got->end && typed == 0)) break;  // Ctrl-D, or the terminal has gone.
      typed += got->bytes;
      if (room[typed - 1] != '\n' && !got->end && typed < room.size()) continue;
      if (room[typed - 1] == '\n') --typed;
      terminal.end();
      terminal.end_hidden_line();
      packet.set_size(1 + typed);
      (void)sys::send_packet(asker_.get(), packet.text());  // It may be gone by now.
      return hand_over(packet.text().substr(1));
    }
    terminal.end();
    terminal.end_line();
    (void)sys::send_packet(asker_.get(), std::string_view(&kNoAnswer, 1));
    return kNotAnswered;
  }

  static Result<int> hand_over(std::string_view answer) {
    TRY(sys::write_all(STDOUT_FILENO, answer, kWriteLimit));
    TRY(sys::write_all(STDOUT_FILENO, "\n", kWriteLimit));
    return kAnswered;
  }

  sys::UniqueFd asker_;
  sys::SignalFd signals_;
};

// A key that waits to be touched: nothing is to be answered, and ssh ends us when it was.
Result<int> show_notice(const Question& question) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const sys::UniqueFd terminal = TRY(sys::open_own_terminal());
  TRY(sys::write_all(terminal.get(), shown_question(question) + "\n", kWriteLimit));
  while (true) (void)::pause();
}

Result<std::string> read_question() {
  std::string text(kAskedBytesMax, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const sys::IoResult got = TRY(sys::read_some(STDIN_FILENO, std::span(text).subspan(size)));
    if (got.end) break;
    size += got.bytes;
  }
  text.resize(size);
  return text;
}

}  // namespace

std::optional<AskpassWords> askpass_words(std::span<const std::string> words) {
  // Its own name tells: another rstap, which an ssh starts, has these variables as well.
  if (words.empty() || words.size() > 2 || words[0] != variable("SSH_ASKPASS")) return std::nullopt;
  const bool is_on_input = words.size() == 1;
  AskpassWords found{is_on_input ? "" : words[1], is_on_input, variable("SSH_ASKPASS_PROMPT"), variable(kAskerVariable),
                     variable(kTargetVariable)};
  return found.socket.empty() || found.target.empty() ? std::nullopt : std::optional(std::move(found));
}

Result<int> run_askpass(const AskpassWords& words) {
  Question question{words.target, words.is_on_input ? TRY(read_question()) : words.text, ::getppid()};
  if (words.hint == "none") return show_notice(question);
  if (words.hint == "confirm") question.text += kYesOrNo;
  sys::SignalFd signals = TRY(sys::SignalFd::create({SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP}));
  sys::UniqueFd asker = TRY(sys::connect_packets(words.socket));
  // Whoever has taken that name after our client died must not get a person's answers.
  if (TRY(sys::peer_user(asker.get())) != ::geteuid()) return kNotAnswered;
  return Askpass(std::move(asker), std::move(signals)).run(std::move(question));
}

}  // namespace stapsh::client
