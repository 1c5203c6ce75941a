// SPDX-License-Identifier: Apache-2.0
#include "client/run/agent_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/last_line.h"
#include "client/async/child_output.h"
#include "protocol/command.h"
#include "protocol/session_id.h"
#include "sys/clock.h"
#include "sys/descriptor_limit.h"
#include "sys/io.h"
#include "sys/random_name.h"

namespace stapsh::client {
namespace {

constexpr unsigned kDoublingsMax = 8;  // Of a pause between two tries: at most 13 s.
// Whether anything is left of a session that was lost: so often, and begun within so long, is that asked.
constexpr unsigned kQuestionsMax = 3;
constexpr Duration kQuestionsTime = std::chrono::seconds(30);
// What may be tidied in: its own limits are below. Somebody who gave up waiting waits no longer than for a transport.
constexpr Duration kTidyLimit = std::chrono::seconds(10), kTidyLimitAbandoned = std::chrono::seconds(3);

// "the connection ended in mid-run: CAUSE", or what else has no colon.
std::string_view cause_in(std::string_view reason) {
  const std::size_t colon = reason.find(": ");
  return colon == std::string_view::npos ? reason : reason.substr(colon + 2);
}

}  // namespace

AgentRun::AgentRun(const RunContext& context, Target target, std::unique_ptr<Transport> transport)
    : TargetRun(context, std::move(target)), transport_(std::move(transport)), pause_(context.io) {}

Awaitable<> AgentRun::run() {
  // Without one, a lost session is asked after by what all dead ones left.
  if (context_.options.action != Action::kSweep) session_id_ = sys::random_name(kSessionIdCharacters).value_or("");
  co_await try_to_run();
  progress_.leave_gate(false);
  settle();
  if (!attempt_) co_return progress_.emit_end();
  if (!untidy_.empty()) co_await tidy();
  const Outcome& outcome = *progress_.outcome();
  const bool lost = outcome.kind == Outcome::Kind::kFailed && attempt_->has_module() && attempt_->sweepable();
  const bool asks = (lost || attempt_->is_adrift()) && !abandoned_;
  if (asks && outcome.remains == Outcome::Remains::kUnknown) co_await prove_clean();
  // The last line is the reason; a warning of ssh in twenty lines is shown whole.
  const std::string early = attempt_->early_errors();
  const std::string_view last = last_line(early);
  if (progress_.outcome()->kind == Outcome::Kind::kFailed && !last.empty()) {
    progress_.tell_lines(std::string_view(early).substr(0, static_cast<std::size_t>(last.data() - early.data())));
  }
  progress_.emit_end();
}

Attempt::Finish AgentRun::finish() {
  return [this](Outcome outcome) { progress_.set_outcome(std::move(outcome)); };
}

Awaitable<> AgentRun::attempt(Attempt::Purpose purpose, Attempt::Finish finish) {
  attempt_ =
      std::make_unique<Attempt>(context_, target_, *transport_, progress_, std::move(purpose), std::move(finish));
  co_await attempt_->run();
  if (!attempt_->untidy().empty()) untidy_ = attempt_->untidy();
}

Awaitable<> AgentRun::try_to_run() {
  const bool sweep_only = context_.options.action == Action::kSweep;
  for (unsigned tries = 0;; ++tries) {
    if (stopping_) co_return progress_.set_outcome({Outcome::Kind::kStopped, std::nullopt, {}});
    Attempt::Purpose purpose{session_id_, sweep_only, false};
    co_await attempt(std::move(purpose), finish());
    const Outcome& outcome = *progress_.outcome();
    const bool failed = outcome.kind == Outcome::Kind::kFailed;
    const unsigned worth = retries_worth(outcome.reason);
    if (failed && !attempt_->connected() && worth >= kRetriesOfShed) context_.slots.note_shed();
    const unsigned retries = context_.options.reach.retries.value_or(worth);
    if (!failed || stopping_ || attempt_->connected() || tries >= retries) co_return;
    progress_.note("connecting again (" + std::to_string(tries + 1) + " of " + std::to_string(retries) +
                   "): " + outcome.reason);
    progress_.reopen();
    progress_.set_state(TargetState::kConnecting);
    co_await pause_before_try(tries);
  }
}

// Longer each time, and not all targets at the same moment.
Awaitable<> AgentRun::pause_before_try(unsigned tries) {
  const auto pause = std::chrono::milliseconds((50U << std::min(tries, kDoublingsMax)) + target_.index * 7 % 50);
  pause_.expires_after(pause);
  (void)co_await pause_.async_wait(kAsTuple);
}

// The session was lost on the way: is anything of it still there? One more connection asks, and waits for what is still
// stopping; another one, if that is lost on its way as well.
Awaitable<> AgentRun::prove_clean() {
  Outcome lost = *progress_.outcome();
  progress_.reopen();
  progress_.note("connecting again, to see that nothing is left");
  progress_.note_proving();
  progress_.note_touched();  // That is why it is asked.
  proving_ = true;
  Outcome proof;
  const TimePoint asked_last = sys::deadline_after(kQuestionsTime);
  for (unsigned asked = 1; !hurried_ && !abandoned_; ++asked) {
    Attempt::Purpose purpose{session_id_, true, true};
    co_await attempt(std::move(purpose), [&proof](Outcome outcome) { proof = std::move(outcome); });
    if (!untidy_.empty()) co_await tidy();
    if (!attempt_->connection_lost() || asked == kQuestionsMax || sys::now() >= asked_last) break;
    co_await pause_before_try(asked);
  }
  lost.remains = proof.remains;
  lost.left = std::move(proof.left);
  if (lost.remains == Outcome::Remains::kUnknown) {
    const bool is_news = !proof.reason.empty() && cause_in(proof.reason) != cause_in(lost.reason);
    if (!lost.reason.empty()) lost.reason += "; ";
    lost.reason += "it could not be asked whether anything is left" + (is_news ? ": " + proof.reason : "") +
                   "; rstap sweep asks again";
  }
  progress_.set_outcome(std::move(lost));
}

// A transport was killed, or could not do its last duty: another one sees to it.
Awaitable<> AgentRun::tidy() {
  const std::string left = std::exchange(untidy_, {});
  std::string why = "no answer";
  Result<Connection> tidier = transport_->open_tidier();
  if (tidier) {
    const Duration limit = abandoned_ ? kTidyLimitAbandoned : kTidyLimit;
    const std::optional<int> code = co_await wait_child(context_.io, *tidier->child, limit);
    if (code == 0) co_return;
    if (!code) {
      tidier->child->leave();  // It has a limit of its own, and nobody is served by a port that stays.
      why = "not done yet, it goes on without us";
    }
    std::array<char, 4'096> buffer;
    const Result<sys::IoResult> got = sys::read_some(tidier->errors.get(), buffer);
    if (got && got->bytes > 0) why = printable(last_line({buffer.data(), got->bytes}));
  } else {
    why = sys::with_descriptor_advice(tidier.error()).what;
  }
  progress_.warn(left + ": " + why);
}

// Whether anything is left is asked of a run that is stopped as well.
void AgentRun::stop() {
  stopping_ = true;
  if (progress_.outcome() || proving_) return;
  pause_.cancel();
  if (attempt_) attempt_->stop();
}

void AgentRun::hurry() {
  if (!proving_ || progress_.outcome()) return;
  hurried_ = true;
  attempt_->abandon("nobody waited for the answer");
}

void AgentRun::signal(int signo) {
  if (attempt_ && !stopping_ && !progress_.outcome()) attempt_->signal(signo);
}

void AgentRun::abandon(std::string_view reason) {
  stopping_ = true;
  abandoned_ = true;
  if (attempt_) attempt_->abandon(reason);
}

}  // namespace stapsh::client
