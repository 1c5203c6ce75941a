// SPDX-License-Identifier: Apache-2.0
// A library to preload (cc -shared -fPIC): in the process that loads it, and in all that this one starts, "raise
// RLIMIT_MEMLOCK" succeeds and does nothing. stapbpf asks for that first of all and gives up without CAP_SYS_RESOURCE,
// though kernels since 5.11 count the memory of BPF in the cgroup and need no such limit. All other calls go through.
//
// A seccomp filter and not a setrlimit() of our own: it outlives exec, and so reaches a runner through sshd, sanitized
// and static programs, without a variable in their environment. Needs CAP_SYS_ADMIN, as tracing does.

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

__attribute__((constructor)) static void install_filter(void) {
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
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    fprintf(stderr, "no_rlimit: seccomp filter: %s; it needs CAP_SYS_ADMIN\n", strerror(errno));
  }
}
