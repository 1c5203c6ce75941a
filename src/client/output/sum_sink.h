// SPDX-License-Identifier: Apache-2.0
// --sum: what runners measured goes to the answer book, and comes back as one answer for all targets. Everything else
// goes to the sink that shows it as usual: text that a program prints, what happens to targets, the summary.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/answers/answer_book.h"
#include "client/options/answer_request.h"
#include "client/output/answer_taker.h"
#include "client/output/faults.h"
#include "client/output/heat_map.h"
#include "client/output/text_sink.h"
#include "client/output/timed_sink.h"

namespace stapsh::client {

class SumSink : public TimedSink {
 public:
  /// `look`: of pictures, asked for each: a terminal may become wider.
  /// `faults` are lent: what can't be drawn must not cost what can.
  SumSink(AnswerRequest request, std::function<HeatLook()> look, std::unique_ptr<TextSink> text, Faults& faults)
      : request_(std::move(request)), look_(std::move(look)), text_(std::move(text)), faults_(faults) {}

  /// Lent.
  void add_taker(AnswerTaker& taker) { takers_.push_back(&taker); }

  void on_event(const Event& event) override;
  void on_pause() override { text_->on_pause(); }
  [[nodiscard]] bool full() const override { return text_->full(); }

  // For a view of what hosts have measured until now (--live).
  /// Each map as hosts said it last.
  [[nodiscard]] std::vector<Answer> latest() const { return book_ ? book_->latest() : std::vector<Answer>(); }
  /// Who can be asked to print.
  [[nodiscard]] std::vector<std::size_t> askable() const;
  /// How many of them have printed nothing yet.
  [[nodiscard]] std::size_t silent() const;
  /// By target, safe to show.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// As TextSink::show_lines().
  void show_lines(const std::vector<std::string>& lines) { text_->show_lines(lines); }

  [[nodiscard]] std::optional<WallTime> next_release() const override;
  void release(WallTime now) override;

 private:
  void start(const event::RunStarted& run);
  void tell_book(const Event& event);
  void show_items(WallTime now);
  void show_item(const AnswerItem& item, WallTime now);
  void tell_fault(std::string_view map, std::string_view what);
  void tell_takers(const std::function<void(AnswerTaker&)>& tell);
  void show(const Answer& answer);
  void say_nothing_was_measured(WallTime now);

  AnswerRequest request_;
  std::function<HeatLook()> look_;
  std::unique_ptr<TextSink> text_;
  Faults& faults_;
  std::vector<AnswerTaker*> takers_;
  std::vector<std::string> names_;
  std::vector<std::optional<WallTime>> times_;  // By target: of the output read last.
  std::optional<AnswerBook> book_;              // From the first event on.
  bool has_asking_probe_ = false;               // Where bpftrace needs one to be asked.
  bool answered_ = false;
};

}  // namespace stapsh::client
