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

// Turns of a loop, which take a fraction of a nanosecond each.
#define USE_PROCESSOR(turns)                   \
  for (volatile int i = 0; i < (turns); i++) { \
  }

FUNCTION parse_request(void){USE_PROCESSOR(200 * 1000)} FUNCTION sort_offers(void){USE_PROCESSOR(300 * 1000)} FUNCTION
    fill_template(void){USE_PROCESSOR(500 * 1000)} FUNCTION
    compress_page(void){USE_PROCESSOR(10 * 1000 * 1000)} FUNCTION render_page(int compress) {
  sort_offers();
  fill_template();
  if (compress) compress_page();
}
FUNCTION save_order(void) {
  char block[512];
  if (write(ask_disk, "?", 1) != 1 || read(disk_answers, block, sizeof block) < 0) _exit(1);
}
FUNCTION handle_request(int compress) {
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
