// SPDX-License-Identifier: Apache-2.0
// A program to probe: calls tick(1), tick(2), … and work(N), once for every line read from standard input, or with
// `uprobe_target MILLISECONDS [COUNT]` by itself: every so many milliseconds, COUNT times (for ever without it).
// Prints its pid first; ends at the end of input. Built with -g and without optimisation, so that the functions and
// their argument can be found.

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

volatile int sink;

__attribute__((noinline)) void tick(int number) { sink = number; }

__attribute__((noinline)) int work(int number) { return number * 2; }

static void turn(int number) {
  tick(number);
  sink = work(number);
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("%d\n", (int)getpid());
  if (argc > 1) {
    const int period = atoi(argv[1]);
    const int count = argc > 2 ? atoi(argv[2]) : 0;
    for (int number = 1; count == 0 || number <= count; number++) {
      poll(NULL, 0, period);
      turn(number);
    }
    return 0;
  }
  char line[256];
  for (int number = 1; fgets(line, sizeof line, stdin) != NULL; number++) {
    turn(number);
    printf("ticked %d\n", number);  // An answer, so that a test knows the probe has fired.
  }
  return 0;
}
