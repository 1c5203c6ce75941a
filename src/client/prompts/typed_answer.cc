// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/typed_answer.h"

#include <unistd.h>

#include <utility>

#include "client/async/child_output.h"
#include "sys/io.h"
#include "sys/memory_file.h"
#include "sys/pipe.h"

namespace stapsh::client {
namespace {

constexpr Duration kEndLimit = std::chrono::seconds(3);

}  // namespace

Awaitable<Result<TypedAnswer::Line>> TypedAnswer::get(std::string who, std::string text,
                                                      std::function<bool()> is_unwanted) {
  Result<sys::Pipe> pipe = sys::make_pipe({.nonblocking_read = true});
  if (!pipe) co_return fail(pipe.error());
  const Result<sys::UniqueFd> question = sys::make_memory_file(text);
  if (!question) co_return fail(question.error());
  sys::SpawnOptions spawn;
  spawn.program = "/proc/" + std::to_string(::getpid()) + "/exe";
  spawn.argv = {spawn.program};  // Others can read it, and a target may have worded the question.
  spawn.extra_env = asker_.environment(who);
  spawn.stdin_fd = question->get();
  spawn.stdout_fd = pipe->write_end.get();
  Result<sys::Child> child = sys::spawn(spawn);
  pipe->write_end.reset();
  if (!child) co_return fail(child.error());
  Result<sys::Secret> secret = sys::Secret::create();
  if (!secret) co_return fail(secret.error());
  std::size_t typed = 0;
  is_unwanted_ = std::move(is_unwanted);
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
  if (code != 0 || !secret->text().ends_with('\n')) co_return fail(Errc::kUsage, "no answer was given");
  co_return std::make_shared<const sys::Secret>(*std::move(secret));
}

void TypedAnswer::look_again() {
  asio::error_code ignored;
  if (answer_ != nullptr && is_unwanted_()) (void)answer_->cancel(ignored);
}

}  // namespace stapsh::client
