// SPDX-License-Identifier: Apache-2.0
#include "client/output/differ.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <utility>

#include "sys/child.h"
#include "sys/clock.h"
#include "sys/executable.h"
#include "sys/pipe.h"

namespace stapsh::client {
namespace {

constexpr Duration kCompareLimit = std::chrono::seconds(20);
constexpr std::size_t kDifferencesBytesMax = std::size_t{64} << 20;
constexpr int kTrouble = 2;  // diff(1): 0 is the same, 1 is different.

// Ours, as others see it.
std::string path_of(const sys::UniqueFd& file) { return fmt::format("/proc/{}/fd/{}", ::getpid(), file.get()); }

}  // namespace

Result<Differ> Differ::create() {
  const std::optional<std::string> program = sys::find_in_path("diff");
  if (!program) return fail(Errc::kUsage, "--diff: diff(1) is not found in PATH; install diffutils");
  return Differ(*program);
}

Awaitable<Result<std::string>> Differ::compare(asio::io_context& io, const Text& from, const Text& to,
                                               GiveUp is_stopped) const {
  Result<sys::Pipe> out = sys::make_pipe({.nonblocking_read = true});
  if (!out) co_return fail(std::move(out).error());
  Result<sys::Pipe> errors = sys::make_pipe({.nonblocking_read = true});
  if (!errors) co_return fail(std::move(errors).error());
  sys::SpawnOptions spawn;
  spawn.program = program_;
  spawn.argv = {program_,  "--text", "--unified", "--label",          from.title,
                "--label", to.title, "--",        path_of(from.file), path_of(to.file)};
  spawn.extra_env = {"LC_ALL=C"};
  spawn.stdin_fd = sys::kDevNull;
  spawn.stdout_fd = out->write_end.get();
  spawn.stderr_fd = errors->write_end.get();
  Result<sys::Child> child = sys::spawn(spawn);
  if (!child) co_return fail(std::move(child).error());
  out->write_end.reset();
  errors->write_end.reset();
  const TimePoint deadline = sys::deadline_after(kCompareLimit);
  const GiveUp give_up = [deadline, is_stopped] { return is_stopped() || sys::now() >= deadline; };
  const std::function<bool()> ended = [] { return false; };
  const ChildResult result = co_await collect(io, *child, std::move(out->read_end), std::move(errors->read_end),
                                              kDifferencesBytesMax, give_up, ended);
  if (!result.exit_code) {
    (void)child->ref().send(SIGKILL);
    co_return fail(Errc::kTimeout, "to compare takes too long");
  }
  if (*result.exit_code >= kTrouble) {
    const std::string why = result.errors.substr(0, result.errors.find('\n'));
    co_return fail(Errc::kSystem, why.empty() ? fmt::format("diff ended with exit code {}", *result.exit_code) : why);
  }
  if (result.out.size() >= kDifferencesBytesMax) co_return fail(Errc::kLimit, "the differences are too many");
  co_return result.out;
}

}  // namespace stapsh::client
