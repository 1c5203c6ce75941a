// SPDX-License-Identifier: Apache-2.0
// STAPSH_ASSERT: on in every build. For our own bugs only; the peer's faults are Errors.
#pragma once

#include <cstdio>
#include <cstdlib>

#define STAPSH_ASSERT(condition)                                                                \
  do {                                                                                          \
    if (!(condition)) {                                                                         \
      /* NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): the process ends here, plainly. */  \
      (void)std::fprintf(stderr, "%s:%d: bug: not true: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                             \
    }                                                                                           \
  } while (false)
