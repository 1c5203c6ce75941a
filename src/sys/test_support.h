// SPDX-License-Identifier: Apache-2.0
// What the tests of this folder share: a directory of their own, counts of what must not leak, reading to the end.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "sys/clock.h"
#include "sys/io.h"
#include "sys/remove_tree.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// Longer than anything takes that works; a test that reaches it has failed.
constexpr Duration kPatience = std::chrono::seconds(20);

/// The value, or a failed test with the Error's words.
template <typename T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  ADD_FAILURE() << result.error().what;
  std::abort();
}
inline void must(const Result<>& result) { ASSERT_TRUE(result) << result.error().what; }

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir("/proc/self/fd"), ::closedir);
  while (::readdir(entries.get()) != nullptr) ++count;
  return count;
}

/// At the end of its scope as many descriptors must be open as at its start.
class NoLeak {
 public:
  NoLeak() = default;
  NoLeak(const NoLeak&) = delete;
  NoLeak& operator=(const NoLeak&) = delete;
  ~NoLeak() { EXPECT_EQ(open_descriptors(), before_) << "descriptors leak"; }

 private:
  std::size_t before_ = open_descriptors();
};

/// A directory that goes with the test.
class TestDirectory {
 public:
  TestDirectory() {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  ~TestDirectory() {
    const UniqueFd dir(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_TRUE(remove_contents(dir.get()));
    EXPECT_EQ(::rmdir(path_.c_str()), 0);
  }
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_ : path_ + "/" + name;
  }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::ofstream(path(name)) << text;
    EXPECT_EQ(::chmod(path(name).c_str(), mode), 0);
    return path(name);
  }

 private:
  std::string path_ = "/tmp/sys_test.XXXXXX";
};

inline bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// All that comes until the end of input.
inline std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  while (must(wait_for(fd, POLLIN, deadline_after(kPatience)))) {
    const IoResult got = must(read_some(fd, buffer));
    if (got.end) return text;
    text.append(buffer.data(), got.bytes);
  }
  ADD_FAILURE() << "no end of input after: " << text;
  return text;
}

/// One line without its newline; whatever came, at the end of input.
inline std::string read_line(int fd) {
  std::string line;
  char byte = 0;
  while (must(wait_for(fd, POLLIN, deadline_after(kPatience)))) {
    const IoResult got = must(read_some(fd, {&byte, 1}));
    if (got.end || (got.bytes == 1 && byte == '\n')) return line;
    line.append(&byte, got.bytes);
  }
  ADD_FAILURE() << "no line";
  return line;
}

/// Runs `body` in a forked process, which exits with what it returns; gives that code, or 128 + N.
template <typename Body>
int in_other_process(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace stapsh::sys
