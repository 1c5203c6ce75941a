// SPDX-License-Identifier: Apache-2.0
// A runner that says something known, in small and in big pieces, on both streams, and then, as its arguments say:
//   exit:N       ends with that code
//   interrupt    sends SIGINT to the process whose pid is in LOG.client, and waits for its stop signal
//   orphan       sends SIGKILL to its parent, and waits for its stop signal
// After the stop signal come the words of an end probe, and exit code 0. `log:LOG` names the file of its account
// (talk.h). Without it (staprun -d NAME) it ends at once.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "talk.h"

namespace {

using namespace stapsh::calls;

constexpr std::size_t kOutPieces[] = {kLineBytes, 20 * kLineBytes, 320 * kLineBytes, kLineBytes, 1'000 * kLineBytes};
constexpr std::size_t kEndProbeBytes = 500 * kLineBytes;
constexpr std::size_t kComplaintBytes = 4 * kLineBytes;

TalkLog* account = nullptr;

void say(int fd, std::size_t size) {
  std::atomic<std::uint64_t>& said = fd == 1 ? account->out : account->err;
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += fd == 1 ? talk_byte(said + i) : complaint_byte(said + i);
  for (std::size_t at = 0; at < size;) {
    const ssize_t wrote = ::write(fd, text.data() + at, size - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) ::_exit(99);
    at += static_cast<std::size_t>(wrote);
    said += static_cast<std::uint64_t>(wrote);
  }
}

int pid_in(const std::string& path) {
  char text[32] = {};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::read(fd, text, sizeof text - 1) <= 0) return 0;
  (void)::close(fd);
  return std::atoi(text);
}

}  // namespace

int main(int argc, char** argv) {
  std::string log, ending;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("log:")) log = word.substr(4);
    if (word == "interrupt" || word == "orphan" || word.starts_with("exit:")) ending = word;
  }
  if (log.empty()) return 0;
  const pid_t agent = ::getppid();
  sigset_t stops;
  sigemptyset(&stops);
  for (const int signo : {SIGHUP, SIGINT}) sigaddset(&stops, signo);
  (void)::sigprocmask(SIG_BLOCK, &stops, nullptr);
  const int fd = ::open(log.c_str(), O_RDWR | O_CLOEXEC);
  void* const mapped = ::mmap(nullptr, sizeof(TalkLog), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return 98;
  account = static_cast<TalkLog*>(mapped);
  account->started = 1;

  // A runner leaves things in its working directory, too.
  (void)::close(::open("kept", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  say(2, kComplaintBytes);
  for (const std::size_t size : kOutPieces) say(1, size);
  say(2, kComplaintBytes);
  int code = 0;
  if (ending.starts_with("exit:")) {
    code = std::atoi(ending.c_str() + 5);
  } else {
    if (ending == "interrupt") (void)::kill(pid_in(log + ".client"), SIGINT);
    if (ending == "orphan") (void)::kill(agent, SIGKILL);
    int signo = 0;
    (void)::sigwait(&stops, &signo);
    say(1, kEndProbeBytes);
  }
  account->ended = 1;
  return code;
}
