// SPDX-License-Identifier: Apache-2.0
// Which errors fit which system call: the table of the sweep.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace stapsh::calls {

/// One system call, as its process was about to make it.
struct Call {
  long number = 0;
  std::array<unsigned long, 3> arguments{};
  std::string file;       ///< What the descriptor among its arguments refers to: /proc/PID/fd's word for it.
  bool own_pipe = false;  ///< A pipe whose other end the same process holds.
  bool of_client = false;
  bool before_main = false;      ///< The loader's, or a library's.
  bool signals_blocked = false;  ///< All of them: its process is a child between fork and exec.
};

/// What it is made to fail with.
struct Failure {
  int error = 0;
  bool made = false;      ///< The call is made all the same, and only its result replaced (close).
  bool harmless = false;  ///< The session must end as if nothing had happened: the call is to be tried again.
};

struct Fit {
  std::vector<Failure> failures;
  std::string_view not_applicable;  ///< Why there are none.
};

Fit failures_of(const Call& call);
std::string name_of_call(long number);
std::string name_of_error(int error);

}  // namespace stapsh::calls
