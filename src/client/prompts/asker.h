// SPDX-License-Identifier: Apache-2.0
// Who may ask the person at the terminal something: one ssh at a time, and equal questions once. Each ssh takes its
// question to a process of ours (askpass.h, its SSH_ASKPASS), which waits here for its turn, or for the answer that
// another one got. docs/adr/0010-one-question-at-a-time.md says why.
#pragma once

#include <termios.h>

#include <asio/io_context.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "client/async/asio_types.h"
#include "client/options/rstap_options.h"
#include "client/prompts/question.h"
#include "sys/secret.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class Asker {
 public:
  /// None where nobody is to be asked (--batch), or nobody by us: without a terminal, and where the person has an
  /// SSH_ASKPASS that ssh is told to use. `on_asking` is told when the terminal becomes a question's (true), and when
  /// it is free again.
  static std::unique_ptr<Asker> create(asio::io_context& io, const ReachOptions& options,
                                       std::function<void(bool)> on_asking);
  // NOLINTNEXTLINE(bugprone-exception-escape): for want of memory alone.
  ~Asker() { end(); }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  /// For an ssh that connects to `target`: NAME=VALUE.
  [[nodiscard]] std::vector<std::string> environment(const std::string& target) const;
  /// When the last question of `target` was over: now, while it has one. None: it had none.
  [[nodiscard]] std::optional<TimePoint> last_asked(const std::string& target) const;
  /// Nobody is asked any more; a terminal that a question had is as before. Answers are forgotten.
  void end();

 private:
  struct Asking {
    Asking(asio::io_context& io, sys::UniqueFd fd) : socket(io, fd.release()) {}
    Descriptor socket;
    Question question;
    bool waits = false;  // For its turn.
  };
  using Place = std::list<Asking>::iterator;
  struct Kept {
    sys::Secret packet;  // kAnswer and it.
    unsigned serial = 0;
  };
  struct Asked {
    int open = 0;
    TimePoint last;
  };

  Asker(asio::io_context& io, std::string name, sys::UniqueFd listener, sys::UniqueFd terminal,
        std::function<void(bool)> on_asking);
  Awaitable<> accept();
  Awaitable<> serve(sys::UniqueFd fd);
  Awaitable<> converse(Place place);
  void on_question(Place place);
  void on_answer(Place place, sys::Secret packet);
  bool answer_again(Place place);
  void give_turn();
  void end_turn();
  void put_terminal_back();

  asio::io_context& io_;
  std::string name_;
  Descriptor listener_;
  asio::steady_timer pause_;
  sys::UniqueFd terminal_;
  std::function<void(bool)> on_asking_;
  std::list<Asking> asking_;
  const Asking* turn_ = nullptr;      // Whose it is.
  std::optional<termios> before_;     // The terminal's mode, until a question's process has put it back.
  std::map<std::string, Kept> kept_;  // Of a question's text.
  std::map<std::pair<int, std::string>, unsigned> given_;  // To which ssh, for what, the answer of which serial.
  std::map<std::string, Asked> asked_;                     // Of a target.
  unsigned serial_ = 0;
  bool ended_ = false;
};

}  // namespace stapsh::client
