// SPDX-License-Identifier: Apache-2.0
#include "client/run/becoming.h"

#include <utility>

#include "base/shown_text.h"
#include "sys/clock.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kMask = "(the password)";
// A shorter answer to a question may stand in any text: "1" chooses from a list.
constexpr std::size_t kConcealedBytesMin = 4;
// A line may come in two pieces; a person does not mind the wait.
constexpr Duration kQuietTime = std::chrono::milliseconds(500);

}  // namespace

std::string Becoming::on_errors(std::string_view bytes) {
  if (started_) return std::string(bytes);
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
  return rest;
}

Awaitable<> Becoming::answer(std::function<bool()> is_unwanted) {
  Result<SudoPassword::Line> line = co_await password_.get(target_.index, std::move(is_unwanted));
  answered_ = sys::now();
  line ? send(*std::move(line), 1) : give_up(line.error().what);
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
    Result<TypedAnswer::Line> line = co_await typed_.get(target_.name, "(sudo) " + question,
                                                         [&is_over, &is_changed] { return is_over() || is_changed(); });
    if (is_over()) break;  // It would be taken for something else.
    if (is_changed()) continue;
    if (line) {
      send(*std::move(line), kConcealedBytesMin);
    } else {
      give_up("sudo there asks \"" + shown_text(question.substr(question.rfind('\n') + 1)) +
              "\": " + line.error().what);
    }
    break;
  }
  asking_ = false;
}

void Becoming::send(TypedAnswer::Line line, std::size_t concealed_bytes_min) {
  questions_.forget();
  line_open_ = true;
  if (line->text().size() > concealed_bytes_min) concealed_.push_back(line);  // Its end is none of it.
  input_.send(std::move(line));
}

void Becoming::give_up(std::string why) {
  failure_ = std::move(why);
  input_.end();
}

void Becoming::conceal(std::string& text) const {
  for (const TypedAnswer::Line& line : concealed_) {
    std::string_view secret = line->text();
    if (secret.ends_with('\n')) secret.remove_suffix(1);
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += kMask.size()) {
      text.replace(at, secret.size(), kMask);
    }
  }
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
