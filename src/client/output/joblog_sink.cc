// SPDX-License-Identifier: Apache-2.0
#include "client/output/joblog_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <utility>

#include "sys/file_lock.h"
#include "sys/io.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kReadBytesMax = std::size_t{256} << 20;  // Some two million rows.
constexpr Duration kReaderLimit = std::chrono::seconds(5);
constexpr std::string_view kOption = "--joblog: ";
constexpr std::string_view kEarlierAdvice = "name the one that an earlier run wrote";
constexpr std::string_view kOtherAdvice = "remove it, or give another name";

auto complain(const std::string& path, const std::string& why) {
  return stapsh::fail(Errc::kUsage, std::string(kOption) + path + ": " + why);
}

/// The log that is open there: all of it, or as much as `bytes_max`.
Result<Joblog> read_open(int fd, const std::string& path, std::size_t bytes_max, std::string_view advice) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return complain(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return complain(path, "not a regular file; " + std::string(kEarlierAdvice));
  if (bytes_max == kReadBytesMax && static_cast<std::size_t>(about.st_size) > kReadBytesMax) {
    return complain(path, fmt::format("it has more than {} bytes; {}", kReadBytesMax, kEarlierAdvice));
  }
  std::string text;
  std::array<char, 65'536> chunk;
  while (text.size() < bytes_max) {
    const std::size_t wanted = std::min(chunk.size(), bytes_max - text.size());
    const ssize_t size = ::read(fd, chunk.data(), wanted);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return complain(path, std::strerror(errno));
    if (size == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
  Result<Joblog> log = parse_joblog(text);
  if (!log) return complain(path, log.error().what + "; " + std::string(advice));
  return log;
}

bool is_file(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

// As parallel has it: who was killed by a signal has that, and no exit value.
void set_end(JoblogRow& row, const Outcome& outcome, int stop_signal) {
  row.exitval = -1;
  if (outcome.kind == Outcome::Kind::kStopped) row.signal = stop_signal;
  if (outcome.kind != Outcome::Kind::kEnded) return;
  row.exitval = outcome.signal ? 0 : outcome.exit_code.value_or(outcome.has_output ? 0 : -1);
  row.signal = outcome.signal.value_or(0);
}

}  // namespace

Result<Joblog> read_joblog(const std::string& path) {
  const sys::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.valid() && errno == ENOENT) return Joblog();
  if (!file.valid()) return complain(path, std::strerror(errno));
  return read_open(file.get(), path, kReadBytesMax, kEarlierAdvice);
}

Result<std::unique_ptr<JoblogSink>> JoblogSink::create(const std::string& path, bool append, Say say) {
  constexpr int kFlags = O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  sys::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | kFlags, 0666));
  // Of a pipe we want to know whether somebody reads it.
  if (file.valid() && !is_file(file.get())) file = sys::UniqueFd(::open(path.c_str(), O_WRONLY | kFlags));
  if (!file.valid()) return complain(path, std::string(std::strerror(errno)) + "; name a file that you can write");
  Joblog earlier;
  if (is_file(file.get())) {
    const Result<bool> locked = sys::try_lock(file.get());
    if (locked && !*locked) return complain(path, "another rstap writes it; give each run a log of its own");
    // Once, as nobody can change it from now on. What is to be replaced must be a log as well: its first line tells.
    const std::size_t bytes_max = append ? kReadBytesMax : joblog_header().size();
    earlier = TRY(read_open(file.get(), path, bytes_max, append ? kEarlierAdvice : kOtherAdvice));
  } else if (append) {
    return complain(path, "not a regular file: --resume-failed needs the log that an earlier run wrote");
  }
  if (!append) earlier = {};
  return std::unique_ptr<JoblogSink>(new JoblogSink(path, std::move(say), std::move(file), std::move(earlier)));
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
    set_end(row, ended->outcome, signal_);
    write(format_joblog_row(row));
  }
  if (std::holds_alternative<event::RunEnded>(event.what)) finish();
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
  const std::size_t kept = earlier_.whole_bytes;
  if (is_file(file_.get()) && ::ftruncate(file_.get(), static_cast<off_t>(kept)) != 0) return fail(errno);
  if (kept == 0) write(joblog_header());
}

// A pipe whose reader (`>(COMMAND)`) takes its time has us wait at the end alone.
void JoblogSink::write(std::string_view line) {
  if (failed_) return;
  unwritten_ += line;
  while (!unwritten_.empty()) {
    const Result<sys::IoResult> wrote = sys::write_some(file_.get(), unwritten_);
    if (!wrote) return fail(wrote.error().sys_errno);
    unwritten_.erase(0, wrote->bytes);
    if (wrote->would_block) return;
  }
}

void JoblogSink::finish() {
  if (failed_ || unwritten_.empty()) return;
  const Result<> wrote = sys::write_all(file_.get(), std::exchange(unwritten_, {}), kReaderLimit);
  if (!wrote) fail(wrote.error().sys_errno != 0 ? wrote.error().sys_errno : ETIMEDOUT);
}

void JoblogSink::fail(int error) {
  failed_ = true;
  say_(std::string(kOption) + path_ + ": " + std::strerror(error) +
       "; the rows of this run are not complete: --resume-failed runs again what has none");
}

}  // namespace stapsh::client
