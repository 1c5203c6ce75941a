// SPDX-License-Identifier: Apache-2.0
#include "client/run/becoming.h"

#include <utility>

#include "base/shown_text.h"
#include "sys/clock.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kPasswordMask = "(the password)", kAnswerMask = "(the answer)";
// A line may come in two pieces; a person does not mind the wait.
constexpr Duration kQuietTime = std::chrono::milliseconds(500);

}  // namespace

Becoming::Becoming(asio::io_context& io, const Asker& asker, SudoPassword& password, const Target& target,
                   AgentInput& input, std::string prompt)
    : password_(password),
      target_(target),
      input_(input),
      start_(prompt),
      watch_(std::move(prompt)),
      typed_(io, asker),
      quiet_(io) {
  if (SudoPassword::Line line = password.sent_to(target.index)) given_.add(std::move(line), kPasswordMask, "");
}

std::string Becoming::on_errors(std::string_view bytes) {
  if (started_) return std::string(bytes);
  const bool had_begun = start_.found();
  std::string noise = start_.on_bytes(bytes);
  if (!start_.found()) return noise;
  if (!had_begun) line_open_ = true;  // Which noise may have left so.
  const unsigned before = watch_.count();
  std::string rest = watch_.on_bytes(bytes);
  if (watch_.count() > 1) input_.end();  // It was not content with what it was given.
  last_bytes_ = sys::now();
  if (watch_.count() > before) {
    questions_.forget();
  } else {
    questions_.on_bytes(rest);
  }
  typed_.look_again();
  if (!rest.empty() && std::exchange(line_open_, false)) rest.insert(0, "\n");
  return noise + rest;
}

Awaitable<> Becoming::answer(std::function<bool()> is_unwanted) {
  Result<SudoPassword::Line> line = co_await password_.get(target_.index, std::move(is_unwanted));
  answered_ = sys::now();
  line ? send(*std::move(line), kPasswordMask, "") : give_up(line.error().what);
}

Awaitable<> Becoming::ask_person(std::function<bool()> is_unwanted) {
  const auto is_over = [this, is_unwanted = std::move(is_unwanted)] { return started_ || ended_ || is_unwanted(); };
  while (true) {
    while (!is_over() && sys::now() < last_bytes_ + kQuietTime) {
      quiet_.expires_at(last_bytes_ + kQuietTime);
      (void)co_await quiet_.async_wait(kAsTuple);
    }
    const std::string question = questions_.question();
    if (is_over() || question.empty() || is_answering_password()) break;
    const auto is_changed = [this, &question] { return questions_.question() != question; };
    // As ssh marks what a server worded: such an answer is never given to another, and never shown (question.h).
    Result<TypedAnswer::Line> line = co_await typed_.get(target_.name, "(sudo) " + conceal(question),
                                                         [&is_over, &is_changed] { return is_over() || is_changed(); });
    if (is_over()) break;  // It would be taken for something else.
    if (is_changed()) continue;
    if (line) {
      send(*std::move(line), kAnswerMask, question);
    } else {
      give_up("sudo there asks \"" + shown_text(conceal(question.substr(question.rfind('\n') + 1))) +
              "\": " + line.error().what);
    }
    break;
  }
  asking_ = false;
}

void Becoming::send(TypedAnswer::Line line, std::string_view mask, std::string_view question) {
  questions_.forget();
  line_open_ = true;
  given_.add(line, mask, question);
  input_.send(std::move(line));
}

void Becoming::give_up(std::string why) {
  failure_ = std::move(why);
  input_.end();
}

void Becoming::note_started() {
  if (std::exchange(started_, true)) return;
  if (answered_) password_.note_taken(target_.index);
  typed_.look_again();
}

void Becoming::note_ended() {
  ended_ = true;
  quiet_.cancel();
  typed_.look_again();
  password_.note_ended(target_.index, target_.name);
}

std::optional<TimePoint> Becoming::last_asked() const {
  if (!asked()) return std::nullopt;
  return answered_ ? *answered_ : sys::now();
}

}  // namespace stapsh::client
