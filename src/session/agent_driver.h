// SPDX-License-Identifier: Apache-2.0
// For tests: an AgentSession with the plainest of shells around it, driven by steps of text.
// Outcomes that a real shell knows at once are told at once; the rest are steps.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/parse_int.h"
#include "session/agent_session.h"
#include "session/effect_text.h"

namespace stapsh {

class AgentDriver {
 public:
  explicit AgentDriver(AgentSettings settings) : session(std::move(settings)) { session.on_start(now); }

  /// What a step may say:
  ///   say LINE           LINE and its newline come in       bytes TEXT     bytes, as unescape() has them
  ///   long line          one byte more than a line may have
  ///   eof                end of input                       stop           a signal to the agent
  ///   peer gone          nobody takes what we send          wait MS        the clock goes on, the timer fires
  ///   unable TEXT        nothing can be done, and why
  ///   start unable       there is no process for the next runner
  ///   create fails, write fails, commit fails, keep fails, take fails, start fails, late fail: the next of these does
  ///   works, idle        what was seen of the runner
  ///   exit CODE, gone, progress, drained: what happened to the runner and its output
  void step(std::string_view text) {
    const std::size_t blank = text.find(' ');
    const std::string_view verb = text.substr(0, blank);
    const std::string_view rest = blank == std::string_view::npos ? "" : text.substr(blank + 1);
    if (verb == "say") return feed(std::string(rest) + "\n");
    if (verb == "bytes") return feed(unescape(rest));
    if (text == "long line") return feed(std::string(Limits{}.line_bytes_max + 1, 'x'));
    if (text == "eof") {
      session.on_end_of_input(now);
    } else if (text == "stop") {
      session.on_stop_requested("signal 15", now);
    } else if (text == "peer gone") {
      session.on_peer_gone(now);
    } else if (verb == "unable") {
      session.on_unable(rest, now);
    } else if (verb == "wait") {
      now += std::chrono::milliseconds(number(rest));
      session.on_timer(now);
    } else if (text == "start unable") {
      start_unable_ = true;
    } else if (rest == "fails" || text == "late fail") {
      next_failure = verb;
    } else if (verb == "exit") {
      session.on_runner_exited(number(rest), false, now);
    } else if (verb == "dies") {
      session.on_runner_exited(kSignalCodeBase + number(rest), true, now);
    } else if (text == "gone") {
      session.on_descendants_gone(now);
    } else if (text == "progress") {
      session.on_output_progress(1'000'000, now);
    } else if (text == "works" || text == "traces" || text == "idle") {
      const WorkingLine line{"bpftrace", WorkingLine::Probes{3, 9}};
      const Activity busy = text == "works" ? Activity::kWorks : Activity::kTraces;
      session.on_activity(text == "idle" ? Activity::kNone : busy, line, now);
    } else if (text == "drained") {
      session.on_output_drained();
    } else {
      STAPSH_ASSERT(text == "a step that exists");
    }
    drain();
  }

  std::string run(std::initializer_list<std::string_view> steps) {
    for (const std::string_view text : steps) step(text);
    return take_text();
  }

  /// Bytes in one packet; what is not taken is offered again, as a shell does it.
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t taken = session.on_bytes(bytes, now);
      const bool effects = drain();
      STAPSH_ASSERT(taken > 0 || effects);  // Else it would be offered for ever.
      bytes.remove_prefix(taken);
    }
  }

  /// What was done since the last call.
  std::string take_text() {
    text_was_write_ = false;
    written_.clear();
    return std::exchange(text_, {});
  }

  AgentSession session;
  TimePoint now{};
  std::vector<LeftLine> left;  ///< What cleaning up will find still there.
  bool cleans_up_at_once = true;
  bool verifies_at_once = true;
  std::vector<std::string> sweep_notes;  ///< Of each sweep.
  FoundRunners runners{{RunnerKind::kStaprun, false, "4.8"}, {RunnerKind::kBpftrace, true, ""}};
  std::vector<policy::Signers> signers;  ///< Of each question, in order.
  WallTime wall = std::chrono::seconds(1'790'000'000);
  std::string next_failure;                 ///< "create", "write", "commit", "keep", "take", "start" or "late".
  std::vector<policy::AuditRecord> logged;  ///< Starts, and what else was to be logged.
  std::string sent;                         ///< All lines that are no debug text.

 private:
  static int number(std::string_view text) { return *parse_int(text, 0, 1'000'000); }

  bool fails(std::string_view what) {
    if (next_failure != what) return false;
    next_failure.clear();
    return true;
  }

  bool drain() {
    bool any = false;
    while (std::optional<AgentEffect> effect = session.next_effect()) {
      any = true;
      STAPSH_ASSERT(!ended_);  // EndSession is the last effect.
      note(*effect);
      perform(*effect);
    }
    return any;
  }

  // Writes that follow each other are one, so that the text does not depend on the split of the bytes.
  void note(const AgentEffect& effect) {
    if (const auto* write = std::get_if<WriteFile>(&effect)) {
      written_ += write->bytes;
      if (text_was_write_) text_.resize(text_before_write_);
      text_before_write_ = text_.size();
      append_text(text_, "write " + bytes_text(written_));
      text_was_write_ = true;
      return;
    }
    written_.clear();
    text_was_write_ = false;
    append_text(text_, effect_text(effect));
  }

  void perform(const AgentEffect& effect) {
    const Error error{Errc::kSystem, "no luck"};
    if (const auto* line = std::get_if<SendLine>(&effect); line && !line->droppable) sent += line->line;
    if (std::holds_alternative<CreateFile>(effect)) {
      file_open_ = !fails("create");
      if (!file_open_) session.on_file_failed(error);
    }
    if (std::holds_alternative<WriteFile>(effect) && file_open_ && fails("write")) session.on_file_failed(error);
    if (std::holds_alternative<CommitFile>(effect) && file_open_) {
      file_open_ = false;
      fails("commit") ? session.on_file_failed(error) : session.on_file_done();
    }
    if (std::holds_alternative<BeginKeeping>(effect)) {
      fails("keep") ? session.on_no_keeping(error) : session.on_keeping("/var/tmp/kept here");
    }
    if (const auto* take = std::get_if<TakeKept>(&effect)) {
      fails("take") || take->bytes_max < 3 ? session.on_kept_absent(error) : session.on_kept_taken(3);
    }
    if (std::holds_alternative<AbandonFile>(effect)) file_open_ = false;
    if (const auto* log = std::get_if<WriteLog>(&effect)) logged.push_back(log->record);
    if (const auto* start = std::get_if<StartRunner>(&effect)) {
      if (start->log) logged.push_back(*start->log);
      if (fails("start")) return session.on_runner_failed(error, now);
      if (std::exchange(start_unable_, false)) return session.on_unable(error.what, now);
      session.on_runner_starting();
      if (fails("late")) session.on_runner_failed(error, now);
    }
    if (std::holds_alternative<Sweep>(effect)) session.on_swept(2, 1, sweep_notes);
    if (std::holds_alternative<FindRunners>(effect)) session.on_runners_found(runners);
    if (std::holds_alternative<VerifySignatures>(effect) && verifies_at_once) {
      session.on_signatures_verified(signers, wall, now);
    }
    if (std::holds_alternative<CleanUp>(effect) && cleans_up_at_once) session.on_cleaned_up(left);
    if (std::holds_alternative<EndSession>(effect)) ended_ = true;
  }

  std::string text_;
  std::string written_;
  std::size_t text_before_write_ = 0;
  bool text_was_write_ = false;
  bool file_open_ = false;
  bool start_unable_ = false;
  bool ended_ = false;
};

}  // namespace stapsh
