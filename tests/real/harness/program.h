// SPDX-License-Identifier: Apache-2.0
// One program under test: started in a process group of its own, its output collected as it comes by a thread, so that
// no test can stall it. Every wait has a bound; a wait that fails says all that was captured.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace stapsh::real {

using Bound = std::chrono::milliseconds;
/// Generous: the machine may be busy with a build, and only a failing test waits this long.
constexpr Bound kBound = std::chrono::seconds(60);

struct ProgramOptions {
  std::vector<std::string> argv;      ///< argv[0]: a path, or a name to be looked up in PATH.
  std::vector<std::string> env = {};  ///< The whole environment, as NAME=VALUE; a later one wins.
  std::string cwd = "/";
  enum class Input { kNull, kPipe, kSocket } input = Input::kNull;  ///< kSocket: fds 0 and 1 are one socket.
  bool read_output = true;                ///< false: standard output is left unread until resume_reading().
  std::size_t kept_bytes_max = SIZE_MAX;  ///< Of each output; what comes later is read and forgotten.
  std::vector<int> ignored_signals = {}, blocked_signals = {};  ///< What the program inherits from a careless parent.
};

class Program {
 public:
  explicit Program(ProgramOptions options);
  ~Program();  ///< A program that still lives is killed.
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void send_signal(int signo) const;
  /// To the whole process group, as a terminal's ctrl-C does.
  void send_group_signal(int signo) const;

  /// Writes everything, within the bound. A program that has closed its input is no failure.
  testing::AssertionResult write(std::string_view bytes, Bound bound = kBound);
  void close_input();
  void resume_reading();
  /// As `head` does when it has seen enough: nobody reads standard output any more.
  void close_output();

  std::string out() const;
  std::string err() const;
  testing::AssertionResult wait_for_out(std::string_view text, Bound bound = kBound);
  testing::AssertionResult wait_for_err(std::string_view text, Bound bound = kBound);
  /// Waits until the output holds `text` so many times.
  testing::AssertionResult wait_for_out_times(std::string_view text, std::size_t times, Bound bound = kBound);
  /// Waits for the end of the process and of its output. 0..255, or 128 + N; a test failure and -1 after the bound.
  int wait_exit(Bound bound = kBound);
  /// True once the process is gone (its output may still be open elsewhere).
  testing::AssertionResult wait_gone(Bound bound = kBound);
  /// The same and the end of its output: then exit_code() and both outputs are complete.
  testing::AssertionResult wait_ended(Bound bound = kBound);
  bool running() const;
  /// 0..255, or 128 + N; -1 while it runs.
  int exit_code() const;
  std::size_t out_bytes() const;  ///< So many came on standard output, kept or not.
  /// Command, exit and both outputs, for a failure's text.
  std::string captured() const;

 private:
  void collect();
  testing::AssertionResult wait_until(const std::string& what, Bound bound, const auto& condition);
  std::string captured_locked() const;

  ProgramOptions options_;
  pid_t pid_ = -1;
  int pidfd_ = -1, in_ = -1, out_ = -1, err_ = -1, wake_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string out_text_, err_text_;
  std::size_t out_bytes_ = 0;
  bool out_open_ = true, err_open_ = true, reading_ = true, stop_ = false, close_output_ = false;
  int exit_code_ = -1;
  std::thread collector_;
};

}  // namespace stapsh::real
