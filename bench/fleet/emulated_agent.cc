// SPDX-License-Identifier: Apache-2.0
#include "emulated_agent.h"

#include <csignal>

#include "base/overloaded.h"
#include "sys/clock.h"

namespace stapsh::fleet {
namespace {

const Error kNotEmulated{Errc::kSystem, "nothing is kept here"};

TargetEnvironment environment_of(TargetEnvironment::Policy policy) {
  TargetEnvironment environment;
  environment.tracefs = environment.btf = environment.kprobes = TargetEnvironment::Fact::kYes;
  environment.lockdown = "none";
  environment.uid = 0;
  environment.policy = policy;
  return environment;
}

}  // namespace

EmulatedAgent::EmulatedAgent(AgentSettings settings, Scenario scenario, TimePoint now)
    : session_(std::move(settings)), scenario_(scenario) {
  session_.on_start(now);
}

void EmulatedAgent::on_bytes(std::string_view bytes, TimePoint now) {
  while (!bytes.empty()) {
    const std::size_t taken = session_.on_bytes(bytes, now);
    bytes.remove_prefix(taken);
    go_on(now);
    if (taken == 0 && !session_.wants_input()) return;
  }
}

void EmulatedAgent::on_end_of_input(TimePoint now) {
  session_.on_end_of_input(now);
  go_on(now);
}

void EmulatedAgent::on_peer_gone(TimePoint now) {
  if (abandoned_) return;
  abandoned_ = true;
  unsent_.clear();
  sent_ = 0;
  session_.on_peer_gone(now);
  go_on(now);
}

void EmulatedAgent::on_timer(TimePoint now) {
  session_.on_timer(now);
  go_on(now);
}

std::optional<TimePoint> EmulatedAgent::next_timer() const {
  // What waits to be sent is a full pipe: the runner waits as well.
  return earlier(session_.next_timer(), runner_ && output().empty() ? runner_->next_at() : std::nullopt);
}

void EmulatedAgent::on_sent(std::size_t bytes, TimePoint now) {
  sent_ += bytes;
  if (has_output_) session_.on_output_progress(bytes, now);
  if (sent_ == unsent_.size()) {
    unsent_ = {};
    sent_ = 0;
    has_output_ = false;
  }
  go_on(now);
}

void EmulatedAgent::go_on(TimePoint now) {
  while (true) {
    while (const std::optional<AgentEffect> effect = session_.next_effect()) perform(*effect, now);
    if (!runner_ || exit_code_) return;
    if (output().empty()) relay(now);
    if (runner_->exited() && !std::exchange(exit_told_, true)) {
      session_.on_runner_exited(0, false, now);
      session_.on_descendants_gone(now);
    } else if (exit_told_ && output().empty() && !std::exchange(drained_told_, true)) {
      session_.on_output_drained();
    } else {
      return;
    }
  }
}

void EmulatedAgent::relay(TimePoint now) {
  const std::string text = runner_->write(now);
  if (text.empty()) return;
  DataLine data{Stream::kStdout, text.size(), std::nullopt};
  if (session_.timed()) data.time = sys::wall_now();
  if (framed_) say(format_agent_line(data));
  say(text);
  has_output_ = true;
}

void EmulatedAgent::start_runner(const StartRunner& effect, TimePoint now) {
  if (effect.kind != RunnerKind::kBpftrace) {
    return session_.on_runner_failed(Error{Errc::kSystem, std::string(runner_name(effect.kind)) + " is not there"},
                                     now);
  }
  framed_ = effect.framed;
  session_.on_runner_starting();
  runner_.emplace(scenario_, now);
}

void EmulatedAgent::perform(const AgentEffect& effect, TimePoint now) {
  std::visit(Overloaded{
                 [&](const SendLine& e) { say(e.line); }, [&](const SayClock&) { say(clock_answer(sys::wall_now())); },
                 [&](const SayEnvironment& e) { say(environment_answer(environment_of(e.policy))); },
                 [&](const CommitFile&) { session_.on_file_done(); },
                 [&](const TakeKept&) { session_.on_kept_absent(kNotEmulated); },
                 [&](const BeginKeeping&) { session_.on_no_keeping(kNotEmulated); },
                 [&](const StartRunner& e) { start_runner(e, now); },
                 [&](const SignalRunner& e) {
                   const bool is_stop = e.signo == SIGINT || e.signo == SIGTERM || e.signo == SIGKILL;
                   if (runner_ && is_stop) runner_->stop();
                 },
                 [&](const DiscardOutput&) {
                   unsent_.clear();
                   sent_ = 0;
                   abandoned_ = true;
                 },
                 [&](const CleanUp&) { session_.on_cleaned_up(); },
                 [&](const FindRunners&) {
                   session_.on_runners_found({{RunnerKind::kBpftrace, false, "0.17.0"}});
                 },
                 [&](const VerifySignatures& e) {
                   session_.on_signatures_verified(std::vector<policy::Signers>(e.questions.size()), sys::wall_now(),
                                                   now);
                 },
                 [&](const Sweep&) { session_.on_swept(0, 0); }, [&](const EndSession& e) { exit_code_ = e.exit_code; },
                 [](const auto&) {},  // Files without bytes, reports and a log without readers.
             },
             effect);
}

}  // namespace stapsh::fleet
