// SPDX-License-Identifier: Apache-2.0
// How a session ends: who may ask for it, what time brings, the rungs of the stop, the last lines.
#include <csignal>

#include "base/assert.h"
#include "base/parse_seconds.h"
#include "session/agent_session.h"

namespace stapsh {

using Rung = StopLadder::Rung;

namespace {

// How often a client hears what its runner is at while it is stopped.
constexpr Duration kProgressPause = std::chrono::seconds(1);
constexpr Duration kIdlePause = std::chrono::seconds(10);

}  // namespace

std::string no_hello_text(const AgentSettings& settings) {
  const std::string seconds = format_seconds(settings.hello_timeout.value_or(Duration{}));
  return "no hello within " + seconds + " seconds; --hello-timeout of stapsh gives more";
}

bool AgentSession::wants_activity() const {
  if (std::holds_alternative<CleaningUp>(life_)) return true;  // A module can take long to unload.
  const auto* alive = std::get_if<RunnerLives>(&life_);
  if (!alive || alive->descendants_gone || !ladder_.climbing()) return false;
  return !alive->exit_code || ladder_.rung() >= Rung::kKill;  // What it left behind has its grace, and no more.
}

void AgentSession::on_activity(Activity activity, const WorkingLine& line, TimePoint now) {
  if (!wants_activity()) return;
  // With no more input there may be nobody to tell its last words to: then one that works is worth no more than one
  // that is held.
  const bool alone = std::holds_alternative<Deaf>(input_) && ladder_.rung() < Rung::kKill;
  const bool works = activity == Activity::kWorks || activity == Activity::kTraces;
  if (ladder_.note_activity(alone && works ? Activity::kWaits : activity, now))
    emit(SignalRunner{rung_signal(), false});
  if (!dialect_.framed || !dialect_.tells_progress) return;
  // Also that it is still waited for, where nothing is to be told of it: a client takes long silence for the end.
  const bool idle = activity == Activity::kNone && runner_lives();
  if (told_at_ && now < *told_at_ + (idle ? kIdlePause : kProgressPause)) return;
  told_at_ = now;
  keepalive_.said(now);
  emit(SendLine{idle ? format_agent_line(PingLine{}) : format_agent_line(line), true});
}

void AgentSession::on_output_drained() {
  if (auto* alive = std::get_if<RunnerLives>(&life_)) alive->drained = true;
  finish_when_all_gone();
}

void AgentSession::finish_when_all_gone() {
  const auto* alive = std::get_if<RunnerLives>(&life_);
  if (alive && alive->exit_code && alive->descendants_gone && alive->drained) {
    clean_up(*alive->exit_code, alive->signalled);
  }
}

void AgentSession::on_end_of_input(TimePoint now) {
  if (ended()) return;
  if (const auto* data = std::get_if<ReceivingData>(&input_)) {
    emit(Report{"end of input, " + std::to_string(data->bytes_left) + " bytes before the end of " +
                (data->name.empty() ? std::string("DATA") : printable(data->name))});
    if (!runner_lives()) broken_ = true;
  }
  input_ = Deaf{};
  debug("end of input");
  stop_unasked("its input ended", now);  // Whoever ended it on purpose listens no more.
}

void AgentSession::on_input_failed(std::string_view reason, TimePoint now) {
  if (!ended()) lose_stream(reason, now);
}

void AgentSession::on_unable(std::string_view reason, TimePoint now) {
  if (!ended()) lose_stream(reason, now);
}

void AgentSession::on_stop_requested(std::string_view reason, TimePoint now) {
  if (ended()) return;
  // Nothing is answered there: only the exit code tells a client that what it asked for did not happen.
  if (rfc() && !runner_lives()) broken_ = true;
  // A signal often comes with a quit (ctrl-C reaches a whole terminal), so it does not hurry the stop.
  debug("stopping: " + std::string(reason));
  stop_unasked(reason, now);
}

// The runner is not asked to stop: it is ending.
void AgentSession::on_limit_passed(std::string_view reason) {
  const auto* alive = std::get_if<RunnerLives>(&life_);
  if (!alive || alive->exit_code) return;
  if (unasked_.empty()) unasked_ = reason;
  if (!dialect_.framed || !dialect_.says_why) emit(Report{"the runner was ended: " + std::string(reason)});
}

// A client that did not ask for the end is told why it came. A runner that has ended already had its whole run.
void AgentSession::stop_unasked(std::string_view reason, TimePoint now) {
  if (stopping_) return;
  const auto* alive = std::get_if<RunnerLives>(&life_);
  if (!alive || !alive->exit_code) unasked_ = reason;
  stop(now);
}

void AgentSession::on_peer_gone(TimePoint now) {
  if (ended()) return;
  if (std::holds_alternative<ReceivingData>(input_) && !runner_lives()) broken_ = true;
  input_ = Deaf{};
  if (!stopping_) stop(now);
}

void AgentSession::lose_stream(std::string_view reason, TimePoint now) {
  if (runner_lives()) {
    emit(Report{std::string(reason)});
  } else {
    answer_error(reason);
  }
  broken_ = true;
  input_ = Deaf{};
  stop_unasked(reason, now);
}

// Stops what there is to stop. The end comes when all is gone.
void AgentSession::stop(TimePoint now) {
  stopping_ = true;
  deadline_at_.reset();
  ladder_.begin(now);
  const auto* alive = std::get_if<RunnerLives>(&life_);
  if (std::holds_alternative<NoRunner>(life_)) {
    log_failure({Errc::kSystem, unasked_});  // Of a run that was to start.
    clean_up(broken_ ? 1 : 0);
  } else if (alive && alive->descendants_gone) {
    ladder_.start(Rung::kKill, now);  // Only output is left.
  } else if (alive && alive->exit_code) {
    if (ladder_.rung() == Rung::kStopSignal) climb(now);  // They had their time; now they are told.
  } else if (alive) {
    ladder_.start(Rung::kStopSignal, now);
    emit(SignalRunner{rung_signal(), false});
  }
}

int AgentSession::rung_signal() const {
  return ladder_.rung() == Rung::kStopSignal ? runner_entry(runner_kind()).stop_signal : SIGTERM;
}

void AgentSession::on_timer(TimePoint now) {
  if (deadline_at_ && now >= *deadline_at_) {
    debug("stopping: deadline");
    if (dialect_.deadline && !dialect_.deadline_is_cut) {
      if (!stopping_) stop(now);  // As the client asked.
    } else {
      stop_unasked("a run may last " + format_seconds(*deadline()) + " s there (" + settings_.names.run + ")", now);
    }
  }
  if (keepalive_.lost(now)) {
    keepalive_.disable();
    debug("the client is silent: taken for the end of input");
    input_ = Deaf{};
    stop_unasked("it heard nothing of this client for longer than --keepalive", now);
  } else if (keepalive_.ping_due(now)) {
    keepalive_.said(now);
    if (dialect_.framed) emit(SendLine{format_agent_line(PingLine{}), true});
  }
  if (const auto ends_at = patience_ends_at(); ends_at && now >= *ends_at) lose_patience(now);
  if (ladder_.due(now)) climb(now);
  if (next_client_.stalls_at() && now >= *next_client_.stalls_at()) {
    next_client_.stop_looking();
    if (std::holds_alternative<ReceivingData>(input_)) make_way(next_client_.hello(), now);
  }
}

// With a client that says nothing, where nothing runs for it.
std::optional<TimePoint> AgentSession::patience_ends_at() const {
  if (!std::holds_alternative<NoRunner>(life_)) return std::nullopt;
  if (!greeted_) return hello_due_at_;
  if (!settings_.idle_timeout || std::holds_alternative<AwaitingOutcome>(input_)) return std::nullopt;
  return keepalive_.last_heard() + *settings_.idle_timeout;
}

void AgentSession::lose_patience(TimePoint now) {
  if (!greeted_) return lose_stream(no_hello_text(settings_), now);
  const std::string seconds = format_seconds(*settings_.idle_timeout);
  lose_stream("nothing was said for " + seconds + " seconds; " + settings_.names.idle + " gives more", now);
}

void AgentSession::climb(TimePoint now) {
  auto* alive = std::get_if<RunnerLives>(&life_);
  if (!alive || !ladder_.climb(now)) return;
  switch (ladder_.rung()) {
    case Rung::kStopSignal:
      break;  // Where it starts.
    case Rung::kTerminate:
      emit(SignalRunner{SIGTERM, alive->exit_code.has_value()});
      break;
    case Rung::kKill:
      if (!alive->exit_code) say_killed(now);
      emit(SignalRunner{SIGKILL, true});
      break;
    case Rung::kDiscard:
      emit(DiscardOutput{});
      break;
    case Rung::kGiveUp:
      if (alive->descendants_gone) return clean_up(alive->exit_code.value_or(128 + SIGKILL), alive->signalled);
      emit(Report{"a process of the session is still there after SIGKILL; see ps for state D"});
      clean_up(128 + SIGKILL);
      break;
  }
}

void AgentSession::say_killed(TimePoint now) {
  if (dialect_.framed && dialect_.tells_progress) {
    emit(SendLine{format_agent_line(KilledLine{ladder_.why_killed(now)})});
  } else {
    emit(Report{"the runner was killed " + ladder_.why_killed(now)});
  }
}

void AgentSession::clean_up(int exit_code, bool signalled) {
  ladder_.stand_down();
  keepalive_.disable();
  deadline_at_.reset();
  next_client_.stop_looking();
  life_ = CleaningUp{exit_code, signalled};
  input_ = Deaf{};
  emit(CleanUp{});
}

void AgentSession::on_cleaned_up(const std::vector<LeftLine>& left) {
  const auto* cleaning = std::get_if<CleaningUp>(&life_);
  STAPSH_ASSERT(cleaning != nullptr);
  const int exit_code = cleaning->exit_code;
  ExitLine exit{exit_code, std::nullopt};
  if (dialect_.tells_signal && cleaning->signalled) exit.signal = exit_code - kSignalCodeBase;
  log_end({exit_code, cleaning->signalled ? std::optional(exit_code - kSignalCodeBase) : std::nullopt}, left);
  for (const LeftLine& thing : left) emit(Report{"left behind: " + thing.kind + " " + thing.name});
  if (dialect_.framed) {
    if (dialect_.says_why && !unasked_.empty()) emit(SendLine{format_agent_line(StoppedLine{unasked_})});
    if (dialect_.proves) {
      for (const LeftLine& thing : left) emit(SendLine{format_agent_line(thing)});
      if (left.empty()) emit(SendLine{format_agent_line(CleanLine{})});
    }
    if (dialect_.says_exit) emit(SendLine{format_agent_line(exit)});
    emit(SendLine{format_agent_line(QuitLine{})});
  }
  life_ = Ended{};
  emit(EndSession{exit_code});
}

}  // namespace stapsh
