// SPDX-License-Identifier: Apache-2.0
// A runner that says a line, waits until it is told to stop, says another and ends: what a stop costs at the least.
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "-V") == 0) return 0;  // Asked for its version, it has none.
  sigset_t stops;
  ::sigemptyset(&stops);
  for (const int signo : {SIGHUP, SIGINT, SIGTERM}) ::sigaddset(&stops, signo);
  ::sigprocmask(SIG_BLOCK, &stops, nullptr);
  if (::write(1, "ready\n", 6) != 6) return 1;
  int signo = 0;
  ::sigwait(&stops, &signo);
  return ::write(1, "ended\n", 6) == 6 ? 0 : 1;
}
