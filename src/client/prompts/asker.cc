// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/asker.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <cstdlib>
#include <cstring>

#include "client/prompts/wire.h"
#include "sys/accept.h"
#include "sys/clock.h"
#include "sys/packet_socket.h"
#include "sys/prompt_mode.h"
#include "sys/random_name.h"
#include "sys/terminal_rescue.h"
#include "sys/unix_socket.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kNameCharacters = 24;
constexpr std::size_t kPacketBytesMax = 16'384;
constexpr Duration kAcceptAgainAfter = std::chrono::milliseconds(100);
constexpr Duration kTerminalPatience = std::chrono::milliseconds(100);

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

// As ssh decides it: readpass.c of OpenSSH 8.4 and later. An SSH_ASKPASS alone is for who has no terminal.
bool has_own_askpass() {
  const char* require = std::getenv("SSH_ASKPASS_REQUIRE");
  const std::string_view how = require == nullptr ? "" : require;
  return how == "force" || (how == "prefer" && (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")));
}

}  // namespace

std::unique_ptr<Asker> Asker::create(asio::io_context& io, const ReachOptions& options,
                                     std::function<void(bool)> on_asking) {
  if (options.batch || has_own_askpass()) return nullptr;
  Result<sys::UniqueFd> terminal = sys::open_own_terminal();
  const Result<std::string> name = sys::random_name(kNameCharacters);
  if (!terminal || !name) return nullptr;
  Result<sys::UniqueFd> listener = sys::listen_packets("rstap-" + *name);
  if (!listener) return nullptr;  // Then ssh asks by itself, as it would without us.
  return std::unique_ptr<Asker>(
      new Asker(io, "rstap-" + *name, *std::move(listener), *std::move(terminal), std::move(on_asking)));
}

Asker::Asker(asio::io_context& io, std::string name, sys::UniqueFd listener, sys::UniqueFd terminal,
             std::function<void(bool)> on_asking)
    : io_(io),
      name_(std::move(name)),
      listener_(io, listener.release()),
      pause_(io),
      terminal_(std::move(terminal)),
      on_asking_(std::move(on_asking)) {
  asio::co_spawn(io_, accept(), [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  });
}

// The program is the very one that runs, even if its file was replaced since.
std::vector<std::string> Asker::environment(const std::string& target) const {
  return {"SSH_ASKPASS=/proc/" + std::to_string(::getpid()) + "/exe", "SSH_ASKPASS_REQUIRE=force",
          kAskerVariable + ("=" + name_), kTargetVariable + ("=" + target)};
}

std::optional<TimePoint> Asker::last_asked(const std::string& target) const {
  const auto found = asked_.find(target);
  if (found == asked_.end()) return std::nullopt;
  return found->second.open > 0 ? sys::now() : found->second.last;
}

Awaitable<> Asker::accept() {
  while (!ended_) {
    (void)co_await listener_.async_wait(Descriptor::wait_read, kAsTuple);
    if (ended_) co_return;
    Result<std::optional<sys::UniqueFd>> accepted = sys::accept_connection(listener_.native_handle(), name_);
    if (accepted && *accepted) {
      asio::co_spawn(io_, serve(std::move(**accepted)), [](const std::exception_ptr& bug) {
        if (bug) std::rethrow_exception(bug);
      });
    } else if (!accepted) {  // No descriptor is to spare: later there is.
      pause_.expires_after(kAcceptAgainAfter);
      (void)co_await pause_.async_wait(kAsTuple);
    }
  }
}

Awaitable<> Asker::serve(sys::UniqueFd fd) {
  if (sys::peer_user(fd.get()).value_or(::geteuid() + 1) != ::geteuid()) co_return;
  const Place place = asking_.emplace(asking_.end(), io_, std::move(fd));
  co_await converse(place);
  if (!place->question.target.empty()) {
    Asked& asked = asked_[place->question.target];
    --asked.open;
    asked.last = sys::now();
  }
  if (turn_ == &*place) end_turn();
  asking_.erase(place);
}

Awaitable<> Asker::converse(Place place) {
  std::string packet(kPacketBytesMax, '\0');
  while (!ended_) {
    (void)co_await place->socket.async_wait(Descriptor::wait_read, kAsTuple);
    if (ended_) co_return;
    if (place->question.target.empty()) {
      const Result<sys::IoResult> got = sys::receive_packet(place->socket.native_handle(), packet);
      if (got && got->would_block) continue;
      std::optional<Question> question;
      if (got && !got->end) question = parse_question(std::string_view(packet).substr(0, got->bytes));
      if (!question || question->target.empty()) co_return;
      place->question = *std::move(question);
      on_question(place);
      continue;
    }
    Result<sys::Secret> answer = sys::Secret::create();
    if (!answer) co_return;
    const Result<sys::IoResult> got = sys::receive_packet(place->socket.native_handle(), answer->room());
    if (got && got->would_block) continue;
    if (!got || got->end) co_return;
    answer->set_size(got->bytes);
    on_answer(place, *std::move(answer));
  }
}

void Asker::on_question(Place place) {
  ++asked_[place->question.target].open;
  const Question& question = place->question;
  // An ssh that asks again was not content with what it was given. Others may have brought a better one by now.
  const auto given = given_.find({question.asker, question.text});
  const auto kept = kept_.find(question.text);
  if (given != given_.end() && kept != kept_.end() && kept->second.serial == given->second) kept_.erase(kept);
  if (answer_again(place)) return;
  place->waits = true;
  if (turn_ == nullptr) give_turn();
}

bool Asker::answer_again(Place place) {
  const auto kept = kept_.find(place->question.text);
  if (kept == kept_.end()) return false;
  given_[{place->question.asker, place->question.text}] = kept->second.serial;
  place->waits = false;
  // Whoever can't be told any more ends, and is seen to.
  (void)sys::send_packet(place->socket.native_handle(), kept->second.packet.text());
  return true;
}

void Asker::give_turn() {
  const Place next = std::ranges::find_if(asking_, [](const Asking& each) { return each.waits; });
  if (next == asking_.end()) return on_asking_(false);
  next->waits = false;
  turn_ = &*next;
  on_asking_(true);
  before_ = sys::terminal_mode(terminal_.get());
  const std::optional<termios> outer = sys::terminal_rescue::kept_mode();
  const termios home = outer ? *outer : before_.value_or(termios{});
  std::string packet(1 + sizeof home, kYourTurn);
  std::memcpy(packet.data() + 1, &home, sizeof home);
  (void)sys::send_packet(next->socket.native_handle(), packet);
}

void Asker::on_answer(Place place, sys::Secret packet) {
  if (turn_ != &*place) return;
  before_.reset();  // The process has put the terminal back.
  const std::string& text = place->question.text;
  const std::string_view answer = packet.text();
  if (!answer.starts_with(kAnswer) || !may_share(text, answer.substr(1))) return;
  given_[{place->question.asker, text}] = ++serial_;
  kept_[text] = {std::move(packet), serial_};
  for (Place each = asking_.begin(); each != asking_.end(); ++each) {
    if (each->waits && each->question.text == text) (void)answer_again(each);
  }
}

void Asker::end_turn() {
  put_terminal_back();
  turn_ = nullptr;
  if (!ended_) give_turn();
}

// Whoever was asked was killed: its connection took too long, or the run was stopped.
void Asker::put_terminal_back() {
  if (!before_ || turn_ == nullptr) return;
  sys::end_question_mode(terminal_.get(), sys::question_mode(*before_, is_shown(turn_->question.text)), *before_);
  before_.reset();
  // A terminal that does not take it now has to do without.
  (void)sys::write_all(terminal_.get(), "\n", kTerminalPatience);
}

void Asker::end() {
  if (std::exchange(ended_, true)) return;
  put_terminal_back();
  turn_ = nullptr;
  kept_.clear();
  asio::error_code ignored;
  pause_.cancel();
  (void)listener_.close(ignored);
  for (Asking& each : asking_) (void)each.socket.close(ignored);
}

}  // namespace stapsh::client
