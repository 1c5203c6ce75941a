// SPDX-License-Identifier: Apache-2.0
// Starting programs, all in the same way (posix_spawn, which does not copy us), and what they cost.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stapsh::bench {

enum class Wire {
  kPipes,       ///< Standard input and output are two pipes.
  kSocketPair,  ///< Both are one end of a socket pair.
  kOutputOnly,  ///< Standard output is a pipe, standard input /dev/null.
  kNone,        ///< Both are /dev/null.
};

struct ProcessOptions {
  std::vector<std::string> argv;  ///< argv[0] is a path, or a name in PATH.
  Wire wire = Wire::kPipes;
  int stdout_fd = -1;  ///< Lent; instead of what `wire` says.
  /// The scheduler gives each session a share of its own: what is compared must have as many of them.
  bool new_session = false;
};

struct Usage {
  int exit_code = 0;       ///< 0..255; 128 + N if signal N killed it.
  double cpu_seconds = 0;  ///< Of the process alone, without its children.
  long peak_rss_kib = 0;   ///< The largest of the process and the children it waited for.
};

class Process {
 public:
  /// Standard error goes to the file that keep_errors() named, else it is ours.
  explicit Process(const ProcessOptions& options);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  /// Kills what still runs.
  ~Process();

  void write(std::string_view bytes) const;
  /// Up to the next newline, which is not returned; read byte by byte, so that what follows stays.
  std::string read_line() const;
  /// Reads and discards to the end of the output; returns how many bytes came.
  std::size_t read_to_end();
  [[nodiscard]] int out() const { return out_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void send_signal(int signo) const;
  /// No more input will come.
  void end_input();
  /// Waits for its end.
  Usage wait();
  /// The same, and an exit code other than 0 is a BenchError.
  Usage wait_success();
  [[nodiscard]] long rss_kib() const;

 private:
  std::string name_;
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
};

/// From here on, standard error of processes is appended to the file.
void keep_errors(const std::string& file);
/// The end of that file, for an error's text.
std::string last_errors();
/// What stands in that file behind a size that it had.
std::size_t errors_size();
std::string errors_since(std::size_t size);

/// Seconds since `start`.
double seconds_since(std::chrono::steady_clock::time_point start);
inline std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

}  // namespace stapsh::bench
