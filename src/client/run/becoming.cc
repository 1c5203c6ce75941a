// SPDX-License-Identifier: Apache-2.0
#include "client/run/becoming.h"

#include <utility>

#include "sys/clock.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kMask = "(the password)";

}  // namespace

std::string Becoming::on_errors(std::string_view bytes) {
  if (started_) return std::string(bytes);
  std::string rest = watch_.on_bytes(bytes);
  if (watch_.count() > 1) input_.end();  // It was not content with what it was given.
  return rest;
}

Awaitable<> Becoming::answer(std::function<bool()> is_unwanted) {
  Result<SudoPassword::Line> line = co_await password_.get(target_.index, std::move(is_unwanted));
  answered_ = sys::now();
  if (line) {
    sent_ = *line;
    co_return input_.send(*std::move(line));
  }
  failure_ = line.error().what;
  input_.end();
}

void Becoming::conceal(std::string& text) const {
  std::string_view secret = sent_ ? sent_->text() : std::string_view();
  if (secret.ends_with('\n')) secret.remove_suffix(1);
  if (secret.empty()) return;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += kMask.size()) {
    text.replace(at, secret.size(), kMask);
  }
}

void Becoming::note_started() {
  if (std::exchange(started_, true)) return;
  if (answered_) password_.note_taken(target_.index);
}

void Becoming::note_ended() { password_.note_ended(target_.index, target_.name); }

std::optional<TimePoint> Becoming::last_asked() const {
  if (!asked()) return std::nullopt;
  return answered_ ? *answered_ : sys::now();
}

}  // namespace stapsh::client
