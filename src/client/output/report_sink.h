// SPDX-License-Identifier: Apache-2.0
// --report, --folded, --metrics: files of what a run was and what it measured, written at its end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/options/answer_request.h"
#include "client/output/answer_taker.h"
#include "client/output/faults.h"
#include "client/output/used_files.h"
#include "client/output/whole_file.h"
#include "client/report/map_collector.h"
#include "client/report/report.h"

namespace stapsh::client {

class ReportSink : public AnswerTaker {
 public:
  using Say = std::function<void(std::string_view line)>;

  /// kUsage: a file can't be written, or is another one's. None: no file is wanted.
  /// `faults` are lent.
  static Result<std::unique_ptr<ReportSink>> create(const AnswerRequest& request, UsedFiles& used, Say say,
                                                    Faults& faults);

  void on_event(const Event& event) override;
  void on_answer(const Answer& answer) override;
  void on_notice(const AnswerNotice& notice, WallTime now) override;
  void on_fault(std::string_view map, std::string_view what) override { maps_.on_fault(map, what); }

  /// Whether all files are written, as far as they were to be by now.
  [[nodiscard]] bool complete() const { return !failed_; }

 private:
  using Make = std::string (*)(const report::Report& report);
  struct File {
    WholeFile file;
    std::string option;
    Make make;
  };

  ReportSink(Say say, Faults& faults) : say_(std::move(say)), faults_(faults) {}
  Result<> add(const std::string& option, const std::string& path, UsedFiles& used, Make make);
  void start(const Event& event, const event::RunStarted& run);
  void on_state(report::Target& target, TargetState state, WallTime at);
  void on_end(report::Target& target, const event::Ended& ended, WallTime at);
  void on_note(const Event& event, const event::Note& note);
  void add_note(report::Note note);
  void write();

  Say say_;
  Faults& faults_;
  std::vector<File> files_;
  report::Report report_;
  report::MapCollector maps_;
  std::size_t notes_left_out_ = 0;
  bool failed_ = false;
};

}  // namespace stapsh::client
