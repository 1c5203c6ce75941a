// SPDX-License-Identifier: Apache-2.0
// The floor of a relay: framed_splice [--plain] [--pipe BYTES] PROGRAM [ARG…] starts PROGRAM with its standard output
// in a pipe, and moves what comes to our own, with `data stdout N` before each piece; --plain: without.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

bool write_header(int waiting) {
  char header[40] = "data stdout ";
  char* end = std::to_chars(header + std::strlen(header), header + sizeof header - 1, waiting).ptr;
  *end++ = '\n';
  return ::write(1, header, static_cast<std::size_t>(end - header)) == end - header;
}

bool relay(int pipe, bool plain) {
  while (true) {
    pollfd wait{pipe, POLLIN, 0};
    if (::poll(&wait, 1, -1) < 0) return false;
    int waiting = 0;
    if (::ioctl(pipe, FIONREAD, &waiting) != 0) return false;
    if (waiting == 0) return (wait.revents & POLLHUP) != 0;
    if (!plain && !write_header(waiting)) return false;
    while (waiting > 0) {
      const ssize_t moved = ::splice(pipe, nullptr, 1, nullptr, static_cast<std::size_t>(waiting), SPLICE_F_MOVE);
      if (moved <= 0) return false;
      waiting -= static_cast<int>(moved);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  bool plain = false;
  int pipe_bytes = 0;
  for (--argc, ++argv; argc > 0 && argv[0][0] == '-'; --argc, ++argv) {
    if (std::string_view(argv[0]) == "--plain") plain = true;
    if (std::string_view(argv[0]) == "--pipe" && argc > 1) {
      pipe_bytes = std::atoi(argv[1]);
      --argc, ++argv;
    }
  }
  int pipe[2];
  if (argc == 0 || ::pipe2(pipe, O_CLOEXEC) != 0) return 2;
  if (pipe_bytes > 0) (void)::fcntl(pipe[0], F_SETPIPE_SZ, pipe_bytes);
  posix_spawn_file_actions_t actions;
  (void)::posix_spawn_file_actions_init(&actions);
  (void)::posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
  pid_t runner = -1;
  posix_spawnattr_t attributes;  // A session of its own, as the agent's runner has: the scheduler counts sessions.
  (void)::posix_spawnattr_init(&attributes);
  (void)::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  if (::posix_spawn(&runner, argv[0], &actions, &attributes, argv, environ) != 0) return 127;
  (void)::close(pipe[1]);
  const bool good = relay(pipe[0], plain);
  int status = 0;
  (void)::waitpid(runner, &status, 0);
  if (!plain) (void)!::write(1, "quit\n", 5);
  return good && status == 0 ? 0 : 1;
}
