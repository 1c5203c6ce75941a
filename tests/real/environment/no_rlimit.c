// SPDX-License-Identifier: Apache-2.0
// no_rlimit [--once] COMMAND [ARG…]: runs COMMAND so that "raise RLIMIT_MEMLOCK" succeeds and does nothing, in it and
// in all that it starts. stapbpf asks for that first of all and gives up without CAP_SYS_RESOURCE, though kernels
// since 5.11 count the memory of BPF in the cgroup and need no such limit. Every other call goes through.
//
// A seccomp filter and not a preloaded library: it reaches the runner through sshd, sanitized and static programs,
// leaves no file and no variable, and ends with the processes. Needs CAP_SYS_ADMIN, as tracing does.
// --once: remove the file of this very program first; for a caller that has just built it for one run.

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#error "Add the AUDIT_ARCH_* of this machine here."
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SKIP_UNLESS(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))

static int install_filter(void) {
  struct sock_filter filter[] = {
      LOAD(arch),                      // 0
      SKIP_UNLESS(OUR_ARCH, 8),        // 1: a foreign machine's numbers mean other calls
      LOAD(nr),                        // 2
      SKIP_UNLESS(__NR_prlimit64, 6),  // 3: what setrlimit of glibc and musl is
      LOAD(args[1]),                   // 4: which limit
      SKIP_UNLESS(RLIMIT_MEMLOCK, 4),  // 5
      LOAD(args[2]),                   // 6: the new limits; null: it only asks, which must go through
      SKIP_UNLESS(0, 1),               // 7: the low half of the pointer says enough
      ANSWER(SECCOMP_RET_ALLOW),       // 8
      ANSWER(SECCOMP_RET_ERRNO | 0),   // 9: returns 0, done
      ANSWER(SECCOMP_RET_ALLOW),       // 10
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char** argv) {
  int first = 1;
  if (argc > first && strcmp(argv[first], "--once") == 0) {
    char self[4096];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) {
      self[length] = '\0';
      unlink(self);
    }
    first++;
  }
  if (argc <= first) {
    fprintf(stderr, "usage: no_rlimit [--once] COMMAND [ARG...]\n");
    return 2;
  }
  if (install_filter() != 0) {
    fprintf(stderr, "no_rlimit: seccomp filter: %s; it needs CAP_SYS_ADMIN\n", strerror(errno));
    return 1;
  }
  execvp(argv[first], argv + first);
  fprintf(stderr, "no_rlimit: %s: %s\n", argv[first], strerror(errno));
  return 127;
}
