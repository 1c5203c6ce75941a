// SPDX-License-Identifier: Apache-2.0
#include "client/output/sum_sink.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "base/overloaded.h"
#include "client/answers/asked_prints.h"
#include "client/output/answer_text.h"
#include "client/output/report.h"
#include "client/output/shown_names.h"
#include "session/runner_check.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kAnswers = "the answers";

}  // namespace

void SumSink::on_event(const Event& event) {
  const auto* output = std::get_if<event::Output>(&event.what);
  if (output != nullptr && book_ && output->stream == Stream::kStdout) {
    times_[*event.target] = output->time;
    const bool read = faults_.contain(kAnswers, [&] { book_->on_output(*event.target, output->bytes, event.at); });
    if (!read) faults_.contain(kAnswers, [&] { book_->on_fault(*event.target); });
    return show_items(event.at);
  }
  if (const auto* run = std::get_if<event::RunStarted>(&event.what)) {
    text_->on_event(event);
    return start(*run);
  }
  if (book_) {
    faults_.contain(kAnswers, [&] { tell_book(event); });
    show_items(event.at);
  }
  const bool is_end = std::holds_alternative<event::RunEnded>(event.what);
  if (is_end && !answered_) say_nothing_was_measured(event.at);
  text_->on_event(event);
}

void SumSink::tell_book(const Event& event) {
  std::visit(Overloaded{
                 [&](const event::Connected& e) {
                   const std::optional<bool> by_probe =
                       e.runners ? prints_maps_by_probe(*e.runners) : std::optional<bool>();
                   if (by_probe)
                     book_->on_asking_known(*event.target, !*by_probe || (has_asking_probe_ && !e.has_policy));
                 },
                 [&](const event::StateChanged& e) {
                   if (e.state == TargetState::kRunning) book_->on_started(*event.target, event.at);
                 },
                 [&](const event::StopAsked&) { book_->on_stop(event.at); },
                 [&](const event::Ended& e) {
                   book_->on_ended(*event.target, is_success(e.outcome) ? "" : failure_text(e.outcome), event.at);
                 },
                 [&](const event::RunEnded&) { book_->on_run_ended(event.at); },
                 [](const auto&) {},
             },
             event.what);
}

void SumSink::say_nothing_was_measured(WallTime now) {
  text_->on_event(
      {now, std::nullopt,
       event::Note{event::Note::Kind::kInfo,
                   "nothing that was printed can be added up; of bpftrace, maps can, if it was run with --sum, "
                   "--live or --report; of systemtap, @hist_log, @hist_linear, and what @rstap_count_by and "
                   "its like print"}});
}

std::vector<std::size_t> SumSink::askable() const {
  std::vector<std::size_t> targets;
  for (std::size_t target = 0; book_ && target < names_.size(); ++target) {
    if (book_->can_be_asked(target)) targets.push_back(target);
  }
  return targets;
}

std::size_t SumSink::silent() const {
  const std::vector<std::size_t> targets = askable();
  return static_cast<std::size_t>(
      std::ranges::count_if(targets, [&](std::size_t target) { return !book_->has_printed(target); }));
}

void SumSink::start(const event::RunStarted& run) {
  names_ = shown_names(run);
  times_.resize(run.targets.size());
  AnswerOptions options;
  options.hash_seed = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  options.live = request_.live.has_value();
  if (run.program.empty()) {
    // staprun ends when its module is unloaded, which takes longer than bpftrace's end; a round that is given before is
    // one of those hosts only that were slow to end.
    options.end_wait = std::chrono::seconds(2);
    book_.emplace(AnswerBook::Systemtap{}, run.targets.size(), options);
  } else {
    has_asking_probe_ = options.live && with_asked_prints(run.program).has_value();
    book_.emplace(ProgramMaps(run.program), run.targets.size(), options);
  }
}

// Each item by itself. One that can't be made is taken out of the book nevertheless.
void SumSink::show_items(WallTime now) {
  for (bool more = true; more;) {
    const bool made = faults_.contain(kAnswers, [&] {
      const std::optional<AnswerItem> item = book_->next();
      more = item.has_value();
      if (item) show_item(*item, now);
    });
    if (made) continue;
    answered_ = true;  // There was something to say.
    if (!book_->being_made().empty()) tell_fault(book_->being_made(), kAnswers);
  }
}

void SumSink::show_item(const AnswerItem& item, WallTime now) {
  std::visit(Overloaded{
                 [&](const AnswerText& text) {
                   text_->on_event({now, text.target, event::Output{Stream::kStdout, text.bytes, times_[text.target]}});
                 },
                 [&](const AnswerNotice& notice) {
                   tell_takers([&](AnswerTaker& taker) { taker.on_notice(notice, now); });
                   text_->on_event({now, notice.target, event::Note{event::Note::Kind::kWarning, notice.text}});
                 },
                 [&](const Answer& answer) {
                   tell_takers([&](AnswerTaker& taker) { taker.on_answer(answer); });
                   show(answer);
                 },
             },
             item);
}

void SumSink::tell_fault(std::string_view map, std::string_view what) {
  tell_takers([&](AnswerTaker& taker) { taker.on_fault(map, what); });
}

void SumSink::tell_takers(const std::function<void(AnswerTaker&)>& tell) {
  for (AnswerTaker* taker : takers_) faults_.contain("the report", [&] { tell(*taker); });
}

void SumSink::show(const Answer& answer) {
  answered_ = true;
  if (answer.said_before) return;
  const auto make = [&](std::string_view what, const auto& work) {
    if (!faults_.contain(what, work)) tell_fault(answer.map, what);
  };
  std::vector<UnlikeHost> unlike;
  make("the comparison of hosts", [&] { unlike = unlike_hosts(answer); });
  make(kAnswers, [&] { text_->show_lines(answer_lines(answer, names_, unlike, request_.top)); });
  if (!request_.by_host) return;
  make("--by-host", [&] {
    HeatLook look = look_();
    look.top = request_.top;
    text_->show_lines(heat_map_lines(answer, names_, unlike, look));
  });
}

std::optional<WallTime> SumSink::next_release() const {
  const std::optional<WallTime> of_text = text_->next_release();
  const std::optional<WallTime> of_book = book_ ? book_->next_deadline() : std::nullopt;
  if (!of_text || !of_book) return of_text ? of_text : of_book;
  return std::min(*of_text, *of_book);
}

void SumSink::release(WallTime now) {
  if (book_) {
    faults_.contain(kAnswers, [&] { book_->on_time(now); });
    show_items(now);
  }
  if (text_->next_release()) text_->release(now);
}

}  // namespace stapsh::client
