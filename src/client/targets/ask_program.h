// SPDX-License-Identifier: Apache-2.0
// What another program says about targets, asked before a run begins: it is waited for, within a bound.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace stapsh::client {

struct ProgramAnswer {
  int exit_code = 0;  ///< 0..255, or 128 + N if signal N ended it.
  std::string out, errors;

  /// The last line of `errors` that is not blank; else its exit code in words.
  [[nodiscard]] std::string reason() const;
  /// The last of `errors`, at most so many bytes, in one line; as reason() where there are none.
  [[nodiscard]] std::string errors_in_one_line(std::size_t bytes_max = 500) const;
};

struct ProgramQuestion {
  std::vector<std::string> argv;  ///< The first word is looked up in PATH.
  std::vector<std::string> extra_env = {};
  Duration limit{};
  std::size_t bytes_max = std::size_t{64} << 20;  ///< Of all that it says.
  std::string program = {};                       ///< A path that is executed in the place of the first word.
};

/// Its standard input is empty. sys_errno is ENOENT where there is no such program; kTimeout, kLimit: it was ended.
Result<ProgramAnswer> ask_program(const ProgramQuestion& question);

}  // namespace stapsh::client
