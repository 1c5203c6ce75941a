// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/sudo_password.h"

#include <utility>

namespace stapsh::client {

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
      Result<Line> asked = co_await typed_.get(question_, "", is_unwanted);
      if (asked && (*asked)->text() != "\n") {
        line_ = *std::move(asked);
        break;
      }
      trying_.reset();
      const bool is_answered = asked || asked.error().code == Errc::kUsage;  // By nothing.
      if (!is_unwanted()) refusal_ = is_answered ? "no password for sudo was given" : asked.error().what;
      changed_.announce();
      continue;
    }
    co_await changed_.wait();
  }
  sent_.insert(target);
  co_return line_;
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
  typed_.look_again();
}

}  // namespace stapsh::client
