// SPDX-License-Identifier: Apache-2.0
#include "client/targets/ask_program.h"

#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <utility>

#include "base/parse_seconds.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::client {
namespace {

constexpr int kSignalCodeBase = 128;

/// Reads both pipes to their ends.
Result<> read_all(std::array<sys::UniqueFd, 2> pipes, ProgramAnswer& answer, const ProgramQuestion& question,
                  TimePoint deadline) {
  const std::array<std::string*, 2> texts{&answer.out, &answer.errors};
  std::string buffer(std::size_t{64} << 10, '\0');
  std::array<pollfd, 2> entries{pollfd{pipes[0].get(), POLLIN, 0}, pollfd{pipes[1].get(), POLLIN, 0}};
  while (entries[0].fd >= 0 || entries[1].fd >= 0) {
    if (!TRY(sys::wait_for_any(entries, deadline))) {
      return fail(Errc::kTimeout, fmt::format("no answer within {} s", format_seconds(question.limit)));
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].fd < 0 || entries[i].revents == 0) continue;
      const sys::IoResult got = TRY(sys::read_some(entries[i].fd, buffer));
      if (got.end) entries[i].fd = -1;  // poll(2) skips it.
      texts[i]->append(buffer, 0, got.bytes);
    }
    if (answer.out.size() + answer.errors.size() > question.bytes_max) {
      return fail(Errc::kLimit, fmt::format("it says more than {} bytes", question.bytes_max));
    }
  }
  return {};
}

}  // namespace

std::string ProgramAnswer::reason() const {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::string_view text = errors;
  if (const std::size_t last = text.find_last_not_of(kBlanks); last != std::string_view::npos) {
    text = text.substr(0, last + 1);
    const std::size_t newline = text.rfind('\n');
    text.remove_prefix(newline == std::string_view::npos ? 0 : newline + 1);
    return std::string(text.substr(text.find_first_not_of(kBlanks)));
  }
  if (exit_code > kSignalCodeBase) return fmt::format("ended by signal {}", exit_code - kSignalCodeBase);
  return fmt::format("exit code {}", exit_code);
}

std::string ProgramAnswer::errors_in_one_line(std::size_t bytes_max) const {
  std::string line;
  for (const char c : errors) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  if (line.ends_with(' ')) line.pop_back();
  if (line.size() > bytes_max) {
    const std::size_t word = line.find(' ', line.size() - bytes_max);
    line.replace(0, word == std::string::npos ? line.size() - bytes_max : word + 1, "... ");
  }
  return line.empty() ? reason() : line;
}

Result<ProgramAnswer> ask_program(const ProgramQuestion& question) {
  sys::Pipe out = TRY(sys::make_pipe()), errors = TRY(sys::make_pipe());
  sys::SpawnOptions options;
  options.program = question.program.empty() ? question.argv.front() : question.program;
  options.search_path = true;
  options.argv = question.argv;
  options.extra_env = question.extra_env;
  options.stdin_fd = sys::kDevNull;
  options.stdout_fd = out.write_end.get();
  options.stderr_fd = errors.write_end.get();
  options.parent_death_signal = SIGTERM;
  sys::Child child = TRY(sys::spawn(options));
  out.write_end = {};
  errors.write_end = {};
  const TimePoint deadline = sys::now() + question.limit;
  ProgramAnswer answer;
  const std::string& name = question.argv.front();
  if (Result<> read = read_all({std::move(out.read_end), std::move(errors.read_end)}, answer, question, deadline);
      !read) {
    return add_context(name, std::move(read).error());
  }
  Result<int> code = child.wait(std::max<Duration>(deadline - sys::now(), std::chrono::seconds(1)));
  if (!code) return add_context(name, std::move(code).error());
  answer.exit_code = *code;
  return answer;
}

}  // namespace stapsh::client
