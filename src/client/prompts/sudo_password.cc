// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/sudo_password.h"

#include <unistd.h>

#include <utility>

#include "client/async/child_output.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::client {
namespace {

constexpr Duration kEndLimit = std::chrono::seconds(3);

}  // namespace

Awaitable<Result<SudoPassword::Line>> SudoPassword::get(std::size_t target, std::function<bool()> is_unwanted) {
  const auto refused = [](std::string why) { return Result<Line>(fail(Errc::kUsage, std::move(why))); };
  while (true) {
    if (is_unwanted()) co_return refused("it is being stopped");
    if (!taken_.contains(target) && sent_.contains(target)) co_return refused("sudo was sent the password already");
    if (!refusal_.empty()) co_return refused(refusal_);
    if (!taken_.empty()) break;
    if (!trying_) {
      trying_ = target;
      if (line_) break;
      is_unwanted_ = is_unwanted;
      Result<Line> asked = co_await ask();
      if (asked) {
        line_ = *std::move(asked);
        break;
      }
      trying_.reset();
      if (!is_unwanted()) refusal_ = asked.error().what;
      changed_.announce();
      continue;
    }
    co_await changed_.wait();
  }
  sent_.insert(target);
  co_return line_;
}

Awaitable<Result<SudoPassword::Line>> SudoPassword::ask() {
  Result<sys::Pipe> pipe = sys::make_pipe({.nonblocking_read = true});
  if (!pipe) co_return fail(pipe.error());
  sys::SpawnOptions spawn;
  spawn.program = "/proc/" + std::to_string(::getpid()) + "/exe";
  spawn.argv = {spawn.program, ""};
  spawn.extra_env = asker_.environment(question_);
  spawn.stdin_fd = sys::kDevNull;
  spawn.stdout_fd = pipe->write_end.get();
  Result<sys::Child> child = sys::spawn(spawn);
  pipe->write_end.reset();
  if (!child) co_return fail(child.error());
  Result<sys::Secret> secret = sys::Secret::create();
  if (!secret) co_return fail(secret.error());
  std::size_t typed = 0;
  {
    Descriptor answer(io_, pipe->read_end.release());
    answer_ = &answer;
    while (!is_unwanted_() && typed < secret->room().size()) {
      const Result<sys::IoResult> got = sys::read_some(answer.native_handle(), secret->room().subspan(typed));
      if (!got || got->end) break;
      typed += got->bytes;
      if (got->would_block) (void)co_await answer.async_wait(Descriptor::wait_read, kAsTuple);
    }
    answer_ = nullptr;
  }
  const std::optional<int> code = co_await wait_child(io_, *child, kEndLimit);
  secret->set_size(typed);
  if (code != 0 || typed < 2 || !secret->text().ends_with('\n')) {
    co_return fail(Errc::kUsage, "no password for sudo was given");
  }
  co_return std::make_shared<const sys::Secret>(*std::move(secret));
}

void SudoPassword::note_taken(std::size_t target) {
  taken_.insert(target);
  changed_.announce();
}

void SudoPassword::note_ended(std::size_t target, const std::string& name) {
  if (line_ && trying_ == target && taken_.empty()) {
    refusal_ = "the password was not sent here: sudo on " + name + ", which was the first to get it, did not take it";
  }
  changed_.announce();
  asio::error_code ignored;
  if (answer_ != nullptr && is_unwanted_()) (void)answer_->cancel(ignored);
}

}  // namespace stapsh::client
