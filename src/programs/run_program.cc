// SPDX-License-Identifier: Apache-2.0
#include "programs/run_program.h"

#include <unistd.h>

#include <exception>
#include <new>
#include <string>

#include "base/shown_text.h"
#include "programs/exit_status.h"
#include "sys/inherited_state.h"
#include "sys/io.h"

namespace stapsh {
namespace {

void complain(std::string_view name, std::string_view what) {
  // It may quote anybody's words: a list of targets, a recording.
  const std::string line = std::string(name) + ": " + shown_text(what) + "\n";
  // There is nowhere left to say that saying it failed.
  (void)sys::write_all(STDERR_FILENO, line, std::chrono::seconds(1));
}

}  // namespace

int run_program(std::string_view name,
                const std::function<Result<int>(const std::vector<int>& ignored_signals)>& body) {
  try {
    const Result<int> code = body(sys::reset_inherited_process_state());
    if (code) return *code;
    complain(name, code.error().what);
    return code.error().code == Errc::kUsage ? kExitUsage : kExitFailure;
  } catch (const std::bad_alloc&) {
    complain(name, "out of memory (is its address space limited? see ulimit -v)");
  } catch (const std::exception& e) {
    complain(name, e.what());
  }
  return kExitFailure;
}

Result<int> print_text(std::string_view text) {
  TRY(sys::write_all(STDOUT_FILENO, text, std::chrono::hours(1)));
  return kExitSuccess;
}

}  // namespace stapsh
