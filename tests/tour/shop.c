// SPDX-License-Identifier: Apache-2.0
// What runs on each host of the tour (docs/answers.md): a shop. `shop REQUESTS` handles so many requests and
// ends; without a number it goes on for ever. What a host is like stands in its environment:
// DISK_MS: how long its disk takes for a block, in milliseconds (1); COMPRESS: it compresses each page.
// The disk is a child process behind two pipes: to the shop, and to whoever traces it, read(2) takes that long.

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int ask_disk, disk_answers;

static void start_disk(int milliseconds) {
  int questions[2], answers[2];
  if (pipe(questions) != 0 || pipe(answers) != 0) _exit(1);
  if (fork() == 0) {
    close(questions[1]);
    close(answers[0]);
    char block[512] = {0};
    while (read(questions[0], block, 1) == 1) {
      poll(NULL, 0, milliseconds);
      if (write(answers[1], block, sizeof block) < 0) break;
    }
    _exit(0);  // The shop is gone.
  }
  close(questions[0]);
  close(answers[1]);
  ask_disk = questions[1];
  disk_answers = answers[0];
}

#define FUNCTION __attribute__((noinline)) void

// Inlined, so that the time is that of the function that takes it. A turn takes a nanosecond or less.
__attribute__((always_inline)) static inline void use_processor(int thousand_turns) {
  for (volatile int i = 0; i < thousand_turns * 1000; i++) {
  }
}

__attribute__((noinline)) void parse_request(void) { use_processor(200); }
__attribute__((noinline)) void sort_offers(void) { use_processor(300); }
__attribute__((noinline)) void fill_template(void) { use_processor(500); }
__attribute__((noinline)) void compress_page(void) { use_processor(10000); }

__attribute__((noinline)) void render_page(int compress) {
  sort_offers();
  fill_template();
  if (compress) compress_page();
}

__attribute__((noinline)) void save_order(void) {
  char block[512];
  if (write(ask_disk, "?", 1) != 1 || read(disk_answers, block, sizeof block) < 0) _exit(1);
}

__attribute__((noinline)) void handle_request(int compress) {
  parse_request();
  render_page(compress);
  save_order();
}

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  const char* disk_ms = getenv("DISK_MS");
  start_disk(disk_ms != NULL ? atoi(disk_ms) : 1);
  const int compress = getenv("COMPRESS") != NULL;
  const int requests = argc > 1 ? atoi(argv[1]) : 0;
  for (int i = 0; requests == 0 || i < requests; i++) {
    handle_request(compress);
    poll(NULL, 0, 10);
  }
  return 0;
}
