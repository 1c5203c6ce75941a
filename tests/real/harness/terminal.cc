// SPDX-License-Identifier: Apache-2.0
#include "terminal.h"

#include <algorithm>
#include <sstream>

#include "real_test.h"

namespace stapsh::real {
namespace {

constexpr const char* kTmux = "/usr/bin/tmux";

}  // namespace

std::vector<std::string> Terminal::maker(const std::string& socket, const std::string& configuration) {
  // No daemon: it ends with us, also where we are killed, and with it the shell and all that has its terminal.
  return {"/usr/bin/setpriv", "--pdeathsig=KILL", kTmux, "-D", "-S", socket, "-f", configuration};
}

std::string Terminal::plain(const Scratch& scratch) {
  return scratch.write("tmux.conf",
                       "set -g history-limit 100000\nset -g status off\nset -g default-command \"exec bash --noprofile "
                       "--rcfile " +
                           scratch.write("bashrc", "PS1='$ '\n") + " -i\"\n");
}

Terminal::Terminal(ProgramOptions maker, std::string socket, unsigned columns, unsigned rows)
    : socket_(std::move(socket)), env_(maker.env), server_(std::move(maker)) {
  const std::string width = std::to_string(columns), height = std::to_string(rows);
  const bool made = becomes_true([&] {
    return !tmux({"-N", "new-session", "-d", "-x", width, "-y", height, "-P", "-F", "made"}).empty();
  });
  if (!made) throw HarnessError("tmux does not start: " + server_.captured());
  if (wait_for_line("$")) return;
  const std::string seen = shown(screen());
  end();
  throw HarnessError("no shell in tmux:\n" + seen);
}

void Terminal::end() {
  (void)tmux({"kill-server"});
  (void)server_.wait_gone();
}

std::string Terminal::tmux(std::vector<std::string> words) const {
  std::vector<std::string> all{kTmux, "-S", socket_};
  all.insert(all.end(), words.begin(), words.end());
  Program program({.argv = std::move(all), .env = env_});
  (void)program.wait_exit();
  return program.out();
}

std::string Terminal::state(std::string_view format) const {
  return tmux({"display-message", "-p", std::string(format)});
}

std::vector<std::string> Terminal::capture(std::vector<std::string> words) const {
  words.insert(words.begin(), {"capture-pane", "-p"});
  std::istringstream text(tmux(std::move(words)));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::vector<std::string> Terminal::screen() const { return capture({}); }
std::vector<std::string> Terminal::history() const { return capture({"-S", "-"}); }

testing::AssertionResult Terminal::wait_for(const std::string& what,
                                            const std::function<bool(const std::vector<std::string>&)>& is_so,
                                            Bound bound) const {
  std::vector<std::string> lines;
  const bool came = becomes_true([&] { return is_so(lines = screen()); }, bound);
  if (came) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "never seen: " << what << "; the screen:\n" << shown(lines);
}

testing::AssertionResult Terminal::wait_for_line(std::string_view begin, Bound bound) const {
  return wait_for(
      "a line " + std::string(begin),
      [&](const auto& lines) {
        return std::any_of(lines.begin(), lines.end(),
                           [&](const std::string& line) { return line.starts_with(begin); });
      },
      bound);
}

testing::AssertionResult Terminal::wait_for_no_line(std::string_view begin, Bound bound) const {
  return wait_for(
      "no line " + std::string(begin),
      [&](const auto& lines) {
        return std::none_of(lines.begin(), lines.end(),
                            [&](const std::string& line) { return line.starts_with(begin); });
      },
      bound);
}

void Terminal::type(std::string_view text) const { (void)tmux({"send-keys", "-l", "--", std::string(text)}); }
void Terminal::press(std::string_view key) const { (void)tmux({"send-keys", std::string(key)}); }

void Terminal::enter(std::string_view line) const {
  type(line);
  press("Enter");
}

void Terminal::resize(unsigned columns, unsigned rows) const {
  (void)tmux({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)});
}

std::string shown(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  |" + line + "\n";
  return text;
}

}  // namespace stapsh::real
