// SPDX-License-Identifier: Apache-2.0
#include "agent/version_question.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>

#include "protocol/found_runners.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pseudo_terminal.h"

namespace stapsh::agent {
namespace {

constexpr Duration kVersionLimit = std::chrono::seconds(2);
constexpr Duration kKillLimit = std::chrono::milliseconds(500);
constexpr std::size_t kAnswerBytesMax = 4'096;

struct Question {
  sys::Child child;
  sys::UniqueFd answer;
  std::string said;

  /// False: nothing more comes.
  bool read() {
    std::array<char, 1'024> buffer;
    const Result<sys::IoResult> got = sys::read_some(answer.get(), buffer);
    if (!got || got->end) return false;  // At the end of a terminal: EIO.
    said.append(buffer.data(), got->bytes);
    return said.size() < kAnswerBytesMax;
  }
};

Question ask(const std::string& program) {
  Question question;
  // staprun leaves by _exit(2).
  Result<sys::Pipe> channel = sys::make_pseudo_terminal();
  if (!channel) channel = sys::make_pipe({.nonblocking_read = true});
  if (!channel) return question;
  sys::SpawnOptions spawn;
  spawn.program = program;
  spawn.argv = {program, "-V"};
  spawn.env = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  spawn.stdin_fd = sys::kDevNull;
  spawn.stdout_fd = spawn.stderr_fd = channel->write_end.get();
  spawn.new_session = true;
  Result<sys::Child> child = sys::spawn(spawn);
  if (!child) return question;
  question.child = *std::move(child);
  question.answer = std::move(channel->read_end);
  return question;
}

void read_answers(std::span<Question> questions, TimePoint deadline) {
  std::vector<Question*> open;
  for (Question& question : questions) {
    if (question.answer.valid()) open.push_back(&question);
  }
  while (!open.empty()) {
    std::vector<pollfd> entries;
    entries.reserve(open.size());
    for (const Question* question : open) entries.push_back({question->answer.get(), POLLIN, 0});
    const Result<bool> news = sys::wait_for_any(entries, deadline);
    if (!news || !*news) return;
    std::size_t at = 0;
    std::erase_if(open, [&](Question* question) { return entries[at++].revents != 0 && !question->read(); });
  }
}

std::string version_of(Question& question, TimePoint deadline) {
  if (!question.answer.valid()) return {};
  const Result<bool> ended = question.child.ref().wait_exit(std::max<Duration>(deadline - sys::now(), Duration{}));
  // It is not reaped yet, so the number is its group's and nobody else's.
  (void)::kill(-question.child.pid(), SIGKILL);
  const Result<int> code = question.child.wait(kKillLimit);
  const bool well = ended && *ended && code && *code == 0;
  return well ? version_said(question.said) : std::string();
}

}  // namespace

std::vector<std::string> ask_versions(std::span<const std::string> programs) {
  const TimePoint deadline = sys::deadline_after(kVersionLimit);
  std::vector<Question> questions;
  for (const std::string& program : programs) questions.push_back(ask(program));
  read_answers(questions, deadline);
  std::vector<std::string> versions;
  versions.reserve(questions.size());
  for (Question& question : questions) versions.push_back(version_of(question, deadline));
  return versions;
}

}  // namespace stapsh::agent
