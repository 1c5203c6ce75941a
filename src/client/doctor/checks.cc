// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "client/doctor/environment_checks.h"
#include "client/doctor/reason_check.h"
#include "session/runner_check.h"

namespace stapsh::client {
namespace {

using State = Check::State;

constexpr std::string_view kNotOurs = "systemtap's agent", kOlder = "an older stapsh", kNoAgent = "no agent";

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// Steps, so that targets which differ by a moment are told together.
std::string within(double seconds) {
  for (const char* step : {"0.1", "0.5", "1", "2", "5", "10", "30", "60"}) {
    if (seconds <= std::stod(step)) return fmt::format("within {} s", step);
  }
  return "after more than 60 s";
}

Check way_in(const TargetFacts& target) {
  if (!target.began || !target.connected_at) return {"way in", State::kOk, "here, without an agent", {}};
  return {"way in", State::kOk, "answers " + within(seconds(*target.connected_at - *target.began)), {}};
}

Check agent(const event::Connected& connected, const WantedRun& wanted) {
  if (connected.runners) return {"agent", State::kOk, connected.agent, {}};
  const bool needs_ours = wanted.runner.value_or(RunnerKind::kStaprun) != RunnerKind::kStaprun;
  Check check{"agent", State::kOk, connected.agent + ", systemtap's", {}};
  if (needs_ours) check.text += fmt::format(", which may not start {}", runner_name(*wanted.runner));
  return check;
}

Check runner(const event::Connected& connected, const WantedRun& wanted, const HereFacts& here) {
  if (!connected.runners) return {"runner", State::kUnknown, fmt::format("not known ({})", kNotOurs), {}};
  Check check{"runner", State::kOk, {}, {}};
  bool any = false;
  for (const FoundRunner& each : *connected.runners) {
    any = any || !each.denied;
    check.text += (check.text.empty() ? "" : ", ") + std::string(runner_name(each.kind)) + " " +
                  (each.denied            ? "(not for its user)"
                   : each.version.empty() ? "(unknown version)"
                                          : each.version);
  }
  if (!wanted.runner) {
    if (any) return check;
    return {"runner", State::kFailure, check.text.empty() ? "none is there" : check.text,
            "there: apt-get install bpftrace, or systemtap-runtime"};
  }
  const RunnerKind kind = *wanted.runner;
  const std::string why = why_it_cant_run(*connected.runners, kind, wanted.builds ? here.stap : std::string());
  if (why.empty()) return check;
  check.state = State::kFailure;
  check.text = why;
  const FoundRunner* const found = find(*connected.runners, kind);
  if (found == nullptr) {
    check.mend = fmt::format("there: apt-get install {}", runner_entry(kind).package);
  } else if (found->denied) {
    check.mend = kind == RunnerKind::kStaprun
                     ? std::string("there: usermod -a -G stapusr,stapdev USER; or here: connect as root: root@{host}")
                     : fmt::format("there: chmod a+rx \"$(command -v {})\"; or here: connect as root: root@{{host}}",
                                   runner_name(kind));
  } else {
    check.mend = "here: a stap of its side of 5.0 by --stap-program; or there: apt-get install systemtap-runtime";
  }
  return check;
}

Check clock(const event::Connected& connected) {
  if (!connected.clock_offset) return {"clock", State::kUnknown, "not known", {}};
  const double offset = seconds(*connected.clock_offset);
  const double unsure = connected.clock_uncertainty ? seconds(*connected.clock_uncertainty) : 0;
  if (std::abs(offset) <= 1 + unsure) return {"clock", State::kOk, "as here, within a second", {}};
  return {"clock", State::kWarning,
          fmt::format("{:.0f} s {} this machine's", std::abs(offset), offset < 0 ? "behind" : "ahead of"),
          "there: timedatectl set-ntp true"};
}

Check policy(const TargetEnvironment& environment, const WantedRun& wanted) {
  using Policy = TargetEnvironment::Policy;
  switch (environment.policy) {
    case Policy::kNone:
      return {"policy", State::kOk, "none: all may run", {}};
    case Policy::kThere:
      return {"policy", State::kOk, wanted.runner ? "allows it" : "there is one; name a SCRIPT, and it is asked", {}};
    case Policy::kBroken:
      return {"policy", State::kFailure, "it can't be used, so every run is refused", "there: stapsh --check-policy"};
    case Policy::kUnknown:
      break;
  }
  return {"policy", State::kUnknown, "not known", {}};
}

// For a script that is built here, or for one that may be.
Check headers(const std::string& release, const WantedRun& wanted, const HereFacts& here, bool built) {
  Check check{"headers", State::kOk, "for " + release, {}, true};
  const auto found = here.has_headers.find(release);
  if (wanted.builds_elsewhere || built || (found != here.has_headers.end() && found->second)) return check;
  check.state = wanted.builds ? State::kFailure : State::kWarning;
  check.text = fmt::format("none for {} (no /lib/modules/{}/build/Makefile): systemtap scripts can't be built for it",
                           release, release);
  check.mend = fmt::format("here: apt-get install linux-headers-{}; or -r FOLDER, or --build-on HOST", release);
  return check;
}

Check stap(const WantedRun& wanted, const HereFacts& here) {
  if (!here.stap.empty()) return {"stap", State::kOk, here.stap, {}, true};
  return {"stap", wanted.builds && !wanted.builds_elsewhere ? State::kFailure : State::kWarning,
          fmt::format("no {}: systemtap scripts can't be built", here.stap_program),
          "here: apt-get install systemtap; or --build-on HOST", true};
}

// Of which the environment's rows speak.
std::vector<RunnerKind> meant_runners(const event::Connected* connected, const WantedRun& wanted) {
  if (wanted.runner) return {*wanted.runner};
  std::vector<RunnerKind> kinds;
  if (connected == nullptr || !connected->runners) return kinds;
  for (const FoundRunner& each : *connected->runners) {
    if (!each.denied) kinds.push_back(each.kind);
  }
  return kinds;
}

bool any_failed(const std::vector<Check>& checks, std::string_view name) {
  return std::ranges::any_of(checks,
                             [&](const Check& each) { return each.name == name && each.state == State::kFailure; });
}

// Why the dry run failed, unless a row says it already.
void add_refusal(std::vector<Check>& checks, const Outcome& outcome, const HereFacts& here) {
  Check refusal = check_of_refusal(outcome.reason, here.stap_program);
  const bool is_known = any_failed(checks, "runner") ||
                        (refusal.name == "build" && (any_failed(checks, "headers") || any_failed(checks, "stap")));
  if (is_known) return;
  const auto row = std::ranges::find(checks, refusal.name, &Check::name);
  row == checks.end() ? checks.push_back(std::move(refusal)) : void(*row = std::move(refusal));
}

bool is_failure_of(const TargetFacts& target) {
  return !target.outcome || target.outcome->kind == Outcome::Kind::kFailed;
}

}  // namespace

std::string_view state_word(State state) {
  static constexpr std::array<std::string_view, 4> kWords{"ok", "warning", "failure", "unknown"};
  return kWords[static_cast<std::size_t>(state)];
}

std::string mend_for(const Check& check, std::string_view host) {
  std::string text = check.mend;
  for (std::size_t at = text.find(kHostWord); at != std::string::npos; at = text.find(kHostWord, at + host.size())) {
    text.replace(at, kHostWord.size(), host);
  }
  return text;
}

std::vector<Check> checks_of(const TargetFacts& target, const WantedRun& wanted, const HereFacts& here, bool is_ssh) {
  std::vector<Check> checks;
  if (is_ssh && !here.has_ssh) {
    checks.push_back({"ssh", State::kFailure, "no ssh client", "here: apt-get install openssh-client", true});
  }
  const event::Connected* const connected = target.connected ? &*target.connected : nullptr;
  if (connected == nullptr && is_failure_of(target)) {
    checks.push_back(target.outcome ? check_of_silence(target.outcome->reason, is_ssh)
                                    : Check{"way in", State::kFailure, "stopped before it answered", {}});
    return checks;
  }
  checks.push_back(way_in(target));
  const bool failed = is_failure_of(target);
  if (connected != nullptr) {
    checks.push_back(agent(*connected, wanted));
    checks.push_back(runner(*connected, wanted, here));
    checks.push_back({"kernel", State::kOk, connected->release + " " + connected->machine, {}});
    if (connected->environment) checks.push_back(policy(*connected->environment, wanted));
  }
  const bool ours = connected != nullptr && connected->runners;
  const std::vector<Check> machine = environment_checks(connected == nullptr ? std::nullopt : connected->environment,
                                                        meant_runners(connected, wanted), wanted.needs,
                                                        connected == nullptr ? kNoAgent
                                                        : ours               ? kOlder
                                                                             : kNotOurs);
  checks.insert(checks.end(), machine.begin(), machine.end());
  if (connected != nullptr) checks.push_back(clock(*connected));
  if (wanted.builds || !wanted.runner) {
    checks.push_back(stap(wanted, here));
    if (connected != nullptr) checks.push_back(headers(connected->release, wanted, here, wanted.builds && !failed));
  }
  if (failed) add_refusal(checks, target.outcome ? *target.outcome : Outcome{}, here);
  return checks;
}

}  // namespace stapsh::client
