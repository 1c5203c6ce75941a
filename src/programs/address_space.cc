// SPDX-License-Identifier: Apache-2.0
// A static program that has this file in it ends with a line on standard error and exit code 1 where it was given less
// address space than it needs (`ulimit -v`). What libc does before main() ends in SIGSEGV where it finds no memory
// (glibc 2.36, _dl_init_paths). So this is asked earlier: what chooses the code of an `ifunc` runs while a static
// program is relocated. At that time there is no errno, no stack protector, no memcpy and nothing of C++; it calls what
// needs none of them.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// The linker's: where the program begins and ends in memory.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the linker chose the name.
extern "C" __attribute__((visibility("hidden"))) const char __executable_start, _end;

namespace {

/// For what the kernel adds to a program (its first stack, the vDSO), for libc, and for a session.
constexpr rlim_t kBesidesItself = 1'000'000;
constexpr char kMessage[] =
    "stapsh: the limit of its address space (ulimit -v) leaves less than 1 MB beside the program itself; "
    "4000 KiB in all are enough\n";

void do_nothing() {}

}  // namespace

extern "C" __attribute__((no_stack_protector)) auto stapsh_look_at_address_space() -> void (*)() {
  rlimit limit;
  ::getrlimit(RLIMIT_AS, &limit);
  if (limit.rlim_cur < static_cast<rlim_t>(&_end - &__executable_start) + kBesidesItself) {
    ::syscall(SYS_write, STDERR_FILENO, kMessage, sizeof kMessage - 1);
    ::syscall(SYS_exit_group, 1);
  }
  return do_nothing;
}

extern "C" void stapsh_need_address_space() __attribute__((ifunc("stapsh_look_at_address_space")));

// Nobody calls it: a use of its address is enough. Neither compiler nor linker (--gc-sections) leaves it out.
[[gnu::used, gnu::retain]] static void (*const used)() = stapsh_need_address_space;
