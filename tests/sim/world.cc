// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <algorithm>
#include <functional>

#include "session/effect_text.h"

namespace stapsh::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Fault = Plan::Fault;

// Long after everything: whoever still waits then waits for ever.
constexpr TimePoint kPatience{seconds(3'000)};
// How long it takes until both ends know that the connection is dead.
constexpr Duration kCutNoticedAfter = seconds(930);

}  // namespace

World::World(std::uint64_t seed) : World(Plan(seed), seed, true) {}

World::World(std::uint64_t seed, broker::CreditPool& relays, broker::CreditPool& links)
    : World(Plan::over_a_broker(seed), seed, false) {
  path_.emplace(plan_.broker, relays, links, from_client_, to_client_, from_agent_, to_agent_);
}

World::World(Plan plan, std::uint64_t seed, bool is_direct)
    : plan_(std::move(plan)),
      random_(seed ^ 0x9e3779b97f4a7c15U),
      to_agent_(plan_.link_capacity, plan_.to_agent),
      to_client_(plan_.link_capacity, plan_.to_client),
      from_client_(plan_.link_capacity),
      from_agent_(plan_.link_capacity),
      is_direct_(is_direct),
      agent_(plan_, to_agent_, is_direct ? to_client_ : from_agent_),
      client_(plan_, to_client_, is_direct ? to_agent_ : from_client_) {}

std::string World::run() {
  while (true) {
    if (std::optional<std::string> breach = advance()) return *breach;
  }
}

void World::start() {
  started_ = true;
  if (path_) path_->start(now_);
  client_.start(now_);
}

std::optional<std::string> World::advance() {
  if (!started_) start();
  if (over()) return check_end();
  if (++steps_ > kStepsMax) return "no end after " + std::to_string(kStepsMax) + " steps";
  if (!step()) return "nothing can happen any more, and it is not over";
  close_what_ended();
  if (std::string breach = check_always(); !breach.empty()) return breach;
  return std::nullopt;
}

bool World::stalled() const {
  return plan_.fault == Fault::kStall && now_ >= TimePoint(plan_.fault_at) &&
         now_ < TimePoint(plan_.fault_at + plan_.fault_lasts);
}

bool World::step() {
  std::vector<std::function<void()>> possible;
  const auto could = [&](bool now, std::function<void()> action) {
    if (now) possible.push_back(std::move(action));
  };
  could(agent_.can_read(), [&] { agent_.read(random_.between(1, to_agent_.size() + 1), now_); });
  could(agent_.can_flush(), [&] { agent_.flush(now_); });
  could(agent_.can_relay(), [&] { agent_.relay(now_, random_); });
  could(agent_.runner_can_act(now_), [&] { agent_.let_runner_act(now_, random_); });
  could(agent_.can_lose_peer(), [&] { agent_.lose_peer(now_); });
  could(client_.can_read() && !stalled(), [&] { client_.read(random_.between(1, to_client_.size()), now_); });
  could(client_.can_send(), [&] { client_.send(now_); });
  could(client_.can_answer(now_), [&] { client_.answer(now_); });
  could(client_.can_see_end(), [&] { client_.see_end(end_of_transport(), now_); });
  if (path_) could(path_->can_act(), [&] { path_->act(now_, random_); });
  if (possible.empty() || random_.chance(10)) {
    if (!next_event()) return !possible.empty();
    pass_time(!possible.empty());
    happen();
    return true;
  }
  possible[random_.below(possible.size())]();
  return true;
}

TransportEnd World::end_of_transport() const {
  TransportEnd end;
  if (path_) {
    end.reason = path_->reason();
  } else if (to_client_.broken() && !agent_.ended()) {
    end.reason = "connection reset";
  } else if (plan_.client.transport_is_rich) {
    end.exit_code = agent_.exit_code();
  }
  return end;
}

std::optional<TimePoint> World::next_event() const {
  std::optional<TimePoint> next = agent_.next_timer(now_);
  const auto earlier = [&](std::optional<TimePoint> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  earlier(client_.next_timer());
  if (path_) earlier(path_->next_timer());
  if (!client_.outcome() && stops_said_ < plan_.stops.size()) earlier(TimePoint(plan_.stops[stops_said_]));
  if (plan_.fault == Fault::kAgentStops && !fault_happened_) earlier(TimePoint(plan_.fault_at));
  if (plan_.fault == Fault::kStall && now_ < TimePoint(plan_.fault_at + plan_.fault_lasts)) {
    earlier(TimePoint(plan_.fault_at + plan_.fault_lasts));
  }
  if (!given_up_) earlier(kPatience);
  return next;
}

// Nobody's bound may run out while there is work to do, or every run would be one with faults.
void World::pass_time(bool anything_else) {
  if (anything_else) {
    now_ += random_.up_to(milliseconds(2));
  } else {
    now_ = std::max(now_, *next_event());
  }
}

void World::happen() {
  if (!client_.outcome() && stops_said_ < plan_.stops.size() && now_ >= TimePoint(plan_.stops[stops_said_])) {
    ++stops_said_;
    stop_said_at_ = now_;
    stops_said_ < 3 ? client_.stop(now_) : client_.abandon(now_);
  }
  if (plan_.fault == Fault::kAgentStops && !fault_happened_ && now_ >= TimePoint(plan_.fault_at)) {
    fault_happened_ = true;
    agent_.request_stop(now_);
  }
  if (!given_up_ &&
      (now_ >= kPatience || ((to_agent_.cut() || to_client_.cut()) && now_ >= TimePoint(kCutNoticedAfter)))) {
    given_up_ = true;
    for (Link* link : {&to_agent_, &to_client_, &from_agent_, &from_client_}) link->break_off();
  }
  if (path_) path_->on_timer(now_);
  if (stalled()) client_.pause_receiving(now_);
  agent_.on_timer(now_);
  client_.on_timer(now_);
}

// A process that is gone has closed its ends.
void World::close_what_ended() {
  Link& from_agent = is_direct_ ? to_client_ : from_agent_;
  Link& from_client = is_direct_ ? to_agent_ : from_client_;
  if (agent_.ended() && !agent_.exited(now_)) agent_.flush_last_lines();
  if (agent_.exited(now_) && !from_agent.at_end()) from_agent.close();
  if (agent_.exited(now_) && path_ && !to_agent_.broken()) to_agent_.break_off();
  if (client_.outcome() && !to_client_.broken()) {
    from_client.close();
    to_client_.break_off();
  }
  // Where no link ever heard of it there is no agent, or it has lost its client.
  if (path_ && path_->over()) {
    to_agent_.close();
    from_agent_.break_off();
  }
}

std::string World::check_always() const {
  if (!agent_.breach.empty()) return "agent: " + agent_.breach;
  if (!client_.breach.empty()) return "client: " + client_.breach;
  if (path_ && !path_->breach().empty()) return "broker: " + path_->breach();
  // A person who said stop waits for as long as something comes, and a bounded time after that.
  const TimePoint waits_since = std::max(stop_said_at_, client_.last_heard());
  if (stops_said_ > 0 && !client_.outcome() && now_ > waits_since + plan_.client.stop_timeout + seconds(1)) {
    return "the client goes on after a stop";
  }
  if (plan_.fault == Fault::kCorrupt) return {};
  if (agent_.replies() > client_.commands()) return "more replies than commands";
  // Whatever happens, nothing is invented, lost in the middle or out of order.
  const SimulatedRunner* runner = agent_.runner();
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    const std::string_view got = client_.output(stream);
    const std::string_view produced = runner ? std::string_view(runner->pipe(stream).produced) : "";
    if (!produced.starts_with(got)) return "the client has output that the runner never wrote";
  }
  return {};
}

std::string World::check_end() const {
  if (given_up_ && plan_.fault != Fault::kCut && plan_.fault != Fault::kCorrupt) return "somebody waited for ever";
  if (!agent_.files().empty()) return "files are left";
  const SimulatedRunner* runner = agent_.runner();
  if (runner && (runner->runner_alive() || runner->straggler_alive()) && !plan_.runner.immortal) {
    return "a process is left";
  }
  const Outcome& outcome = *client_.outcome();
  if (outcome.kind == Outcome::Kind::kFailed && outcome.reason.empty()) return "a failure without a reason";
  if (plan_.fault == Fault::kCorrupt) return {};
  if (agent_.file_failed() && agent_.started()) return "it ran without a file";
  if (outcome.remains == Outcome::Remains::kClean && !(plan_.client.want_proof && agent_.proved_clean())) {
    return "said to be clean, and nobody has proved it";
  }
  const bool ran = runner || plan_.fault == Fault::kLateStart;
  if (outcome.kind == Outcome::Kind::kEnded && !ran && !plan_.client.force_rfc)
    return "the client saw a runner end that never was";
  if (outcome.kind == Outcome::Kind::kStopped && stops_said_ == 0) return "stopped, and nobody said stop";
  if (outcome.kind == Outcome::Kind::kEnded && outcome.exit_code && *outcome.exit_code != agent_.exit_code()) {
    return "the client was told another exit code";
  }
  if (outcome.kind == Outcome::Kind::kEnded && !plan_.client.force_rfc && !outcome.exit_code) {
    return "the exit code did not arrive";
  }
  if (outcome.kind == Outcome::Kind::kEnded && plan_.client.want_proof && !plan_.client.force_rfc &&
      outcome.remains != Outcome::Remains::kClean) {
    return "the proof did not arrive";
  }
  if (outcome.kind == Outcome::Kind::kEnded && plan_.client.want_reason && !plan_.client.force_rfc &&
      stops_said_ == 0 && agent_.cut_short()) {
    return "a run that was cut short passes for a whole one";
  }
  return plan_.fault == Fault::kNone && stops_said_ < 3 ? check_success() : "";
}

// Nothing went wrong, and the person said stop twice at most: all of it must have worked.
std::string World::check_success() const {
  const Outcome& outcome = *client_.outcome();
  // Its output is discarded before it is given up, and `exit` with it.
  if (plan_.runner.immortal) return {};
  // Closing is how to say stop in the rfc dialect: what was not sent by then, its `run` among it, is not done.
  if (outcome.kind == Outcome::Kind::kFailed && client_.dropped_input()) return {};
  if (outcome.kind == Outcome::Kind::kFailed) return "failed: " + outcome.reason;
  if (outcome.kind == Outcome::Kind::kStopped) return {};
  if (!agent_.started() || !agent_.runner()) return "the client saw a runner end that never was";
  const SimulatedRunner& runner = *agent_.runner();
  if (agent_.started()->args != plan_.upload.run_args) return "the runner got other arguments";
  if (agent_.started()->environment != plan_.client.environment) return "the runner got another environment";
  if (agent_.exit_code() != *runner.exit_code()) return "the agent ended with another code than the runner";
  if (agent_.discarded()) return "output was thrown away";
  // Each piece of its end probe came within a grace time: nobody may have hurried it.
  const bool may_finish = stops_said_ <= 1 && !plan_.runner.ignores_stop && agent_.started()->framed;
  if (may_finish && *runner.exit_code() != plan_.runner.exit_code) return "an end probe was cut short";
  if (client_.output(Stream::kStdout) != runner.pipe(Stream::kStdout).produced) return "standard output is not whole";
  const std::string& errors = agent_.started()->framed ? client_.output(Stream::kStderr) : agent_.rich_standard_error;
  if (errors != runner.pipe(Stream::kStderr).produced) return "standard error is not whole";
  return {};
}

std::string World::story() const {
  static constexpr std::string_view kFaults[] = {"none",       "cut",         "corrupt", "file",  "start",
                                                 "late start", "agent stops", "stall",   "limit", "broker"};
  const auto seconds_text = [](Duration d) { return std::to_string(std::chrono::duration<double>(d).count()); };
  const RunnerPlan& runner = plan_.runner;
  std::string text = "fault: " + std::string(kFaults[static_cast<int>(plan_.fault)]) + "; stops at";
  for (const Duration at : plan_.stops) text += " " + seconds_text(at);
  text += "; ended at " + seconds_text(now_.time_since_epoch()) + "\nrunner:";
  if (runner.endless) text += " endless";
  if (runner.waits) text += " waits";
  if (runner.ignores_stop) text += " ignores-stop";
  if (runner.ignores_terminate) text += " ignores-terminate";
  if (runner.immortal) text += " immortal";
  if (runner.straggler == RunnerPlan::Straggler::kShort) text += " straggler";
  if (runner.straggler == RunnerPlan::Straggler::kStubborn) text += " stubborn-straggler";
  text += " exit " + std::to_string(runner.exit_code);
  if (path_) text += "\n" + path_->story();
  return text + "\nagent: " + agent_.story() + "\nclient: " + client_.story() + "\n";
}

}  // namespace stapsh::sim
