// SPDX-License-Identifier: Apache-2.0
#include "client/output/joblog_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace stapsh::client {
namespace {

constexpr std::string_view kOption = "--joblog: ";

Result<std::string> read_text(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return std::string();
    return stapsh::fail(Errc::kUsage, std::string(kOption) + path + ": " + std::strerror(errno));
  }
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return stapsh::fail(Errc::kUsage, std::string(kOption) + path + ": it cannot be read");
  return text;
}

int exitval_of(const Outcome& outcome) {
  if (outcome.kind != Outcome::Kind::kEnded) return -1;
  return outcome.exit_code.value_or(outcome.has_output ? 0 : -1);
}

}  // namespace

Result<Joblog> read_joblog(const std::string& path) {
  const std::string text = TRY(read_text(path));
  Result<Joblog> log = parse_joblog(text);
  if (!log) {
    return stapsh::fail(Errc::kUsage, std::string(kOption) + path + ": " + log.error().what +
                                          "; name the one that an earlier run wrote");
  }
  return log;
}

Result<std::unique_ptr<JoblogSink>> JoblogSink::create(const std::string& path, bool append, Say say) {
  if (append) TRY(read_joblog(path));
  sys::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666));
  if (!file.valid()) {
    return stapsh::fail(Errc::kUsage,
                        std::string(kOption) + path + ": " + std::strerror(errno) + "; name a file that you can write");
  }
  return std::unique_ptr<JoblogSink>(new JoblogSink(path, append, std::move(say), std::move(file)));
}

void JoblogSink::on_event(const Event& event) {
  if (const auto* started = std::get_if<event::RunStarted>(&event.what)) return start(event, *started);
  if (const auto* stop = std::get_if<event::StopAsked>(&event.what)) {
    if (signal_ == 0) signal_ = stop->signal;
  }
  if (const auto* changed = std::get_if<event::StateChanged>(&event.what)) {
    if (changed->state == TargetState::kRunning) rows_[*event.target].start = event.at;
  }
  if (const auto* ended = std::get_if<event::Ended>(&event.what)) {
    JoblogRow& row = rows_[*event.target];
    row.runtime = std::chrono::duration_cast<Duration>(event.at - row.start);
    row.receive = ended->stdout_bytes + ended->stderr_bytes;
    row.exitval = exitval_of(ended->outcome);
    if (ended->outcome.kind == Outcome::Kind::kStopped) row.signal = signal_;
    write(format_joblog_row(row));
  }
}

void JoblogSink::start(const Event& event, const event::RunStarted& started) {
  for (const event::RunStarted::Target& target : started.targets) {
    JoblogRow row;
    row.seq = rows_.size() + 1;
    row.host = target.name;
    row.start = event.at;
    row.command = started.command;
    rows_.push_back(std::move(row));
  }
  // A line that somebody was killed in is no row, and nothing may be behind it.
  std::size_t kept = 0;
  if (append_) {
    if (const Result<Joblog> log = read_joblog(path_)) kept = log->whole_bytes;
  }
  struct stat about {};
  const bool is_file = ::fstat(file_.get(), &about) == 0 && S_ISREG(about.st_mode);
  if (is_file && ::ftruncate(file_.get(), static_cast<off_t>(kept)) != 0) return fail(errno);
  if (kept == 0) write(joblog_header());
}

void JoblogSink::write(std::string_view line) {
  while (!line.empty() && !failed_) {
    const ssize_t size = ::write(file_.get(), line.data(), line.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(errno);
    line.remove_prefix(static_cast<std::size_t>(size));
  }
}

void JoblogSink::fail(int error) {
  failed_ = true;
  say_(std::string(kOption) + path_ + ": " + std::strerror(error) +
       "; the rows of this run are not complete: --resume-failed runs again what has none");
}

}  // namespace stapsh::client
