// SPDX-License-Identifier: Apache-2.0
#include "agent/background_sweep.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/independent_process.h"
#include "base/parse_int.h"
#include "protocol/quoted.h"
#include "protocol/words.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

constexpr Duration kSweeperEndLimit = std::chrono::seconds(1);
constexpr std::size_t kOutcomeBytesMax = PIPE_BUF;

// Words: REMOVED LEFT, and the notes, quoted, as many as a pipe takes at once.
std::string format(const Swept& swept) {
  std::string text = std::to_string(swept.removed) + " " + std::to_string(swept.left);
  for (const std::string& note : swept.notes) {
    const std::string word = " " + quote(note);
    if (text.size() + word.size() <= kOutcomeBytesMax) text += word;
  }
  return text;
}

// A sweep that was killed left something.
Swept parse(std::string_view text) {
  Swept swept{.removed = 0, .left = 1};
  const std::vector<std::string_view> words = split_words(text);
  if (words.size() < 2) return swept;
  swept.removed = parse_int<std::size_t>(words[0], 0, SIZE_MAX).value_or(0);
  swept.left = parse_int<std::size_t>(words[1], 0, SIZE_MAX).value_or(1);
  for (const std::string_view word : std::span(words).subspan(2)) {
    if (Result<std::string> note = unquote(word)) swept.notes.push_back(*std::move(note));
  }
  return swept;
}

[[noreturn]] void sweep(std::optional<std::string_view> asked_after, int outcome) noexcept {
  const std::array<int, 1> kept{outcome};
  become_independent("stapsh-sweep", kept);
  try {
    // Small enough for a pipe to take at once; who asked may be gone.
    (void)sys::write_some(outcome, format(sweep_dead_sessions(asked_after)));
  } catch (const std::exception&) {
    ::_exit(1);  // Out of memory. The stack above is another process's business.
  }
  ::_exit(0);
}

}  // namespace

Result<BackgroundSweep> BackgroundSweep::start(std::optional<std::string_view> asked_after) {
  sys::Pipe pipe = TRY(sys::make_pipe({.nonblocking_read = true}));
  Result<sys::ProcessRef> process = sys::fork_aside();
  if (!process) return add_context("sweep", std::move(process).error());
  if (!process->valid()) sweep(asked_after, pipe.write_end.get());
  BackgroundSweep result;
  result.process_ = *std::move(process);
  result.outcome_ = std::move(pipe.read_end);
  return result;
}

Swept BackgroundSweep::finish() {
  std::array<char, kOutcomeBytesMax> buffer;
  const Result<sys::IoResult> got = sys::read_some(outcome_.get(), buffer);
  Swept swept = parse(got ? std::string_view(buffer.data(), got->bytes) : std::string_view());
  (void)process_.wait_exit(kSweeperEndLimit);
  sys::reap_aside(process_);
  return swept;
}

}  // namespace stapsh::agent
