// SPDX-License-Identifier: Apache-2.0
#include "client/output/report_sink.h"

#include <utility>

#include "base/overloaded.h"
#include "client/report/folded.h"
#include "client/report/metrics.h"
#include "client/report/report_page.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kNotesMax = 10'000;  // A target that complains all the time must not fill the memory.

}  // namespace

Result<std::unique_ptr<ReportSink>> ReportSink::create(const AnswerRequest& request, UsedFiles& used, Say say,
                                                       Faults& faults) {
  std::unique_ptr<ReportSink> sink(new ReportSink(std::move(say), faults));
  TRY(sink->add("--report", request.report_file, used, report::report_page));
  TRY(sink->add("--folded", request.folded_file, used, report::folded_stacks));
  TRY(sink->add("--metrics", request.metrics_file, used, report::metrics_text));
  if (sink->files_.empty()) sink.reset();
  return sink;
}

Result<> ReportSink::add(const std::string& option, const std::string& path, UsedFiles& used, Make make) {
  if (path.empty()) return {};
  files_.push_back({TRY(WholeFile::open(option, path, used)), option, make});
  return {};
}

void ReportSink::on_event(const Event& event) {
  report::Target* target = event.target ? &report_.targets.at(*event.target) : nullptr;
  std::visit(Overloaded{
                 [&](const event::RunStarted& e) { start(event, e); },
                 [&](const event::Connected& e) {
                   target->release = e.release;
                   target->machine = e.machine;
                   target->agent = e.agent;
                   target->clock_offset = e.clock_offset;
                 },
                 [&](const event::StateChanged& e) { on_state(*target, e.state, event.at); },
                 [&](const event::Note& e) { on_note(event, e); },
                 [&](const event::Ended& e) { on_end(*target, e, event.at); },
                 [&](const event::RunEnded& e) {
                   report_.ended = event.at;
                   report_.exit_code = e.exit_code;
                   write();
                 },
                 [](const auto&) {},
             },
             event.what);
}

void ReportSink::start(const Event& event, const event::RunStarted& run) {
  report_.command = run.call.empty() ? run.command : run.call;
  report_.script = run.script;
  report_.script_text = run.program;
  maps_.on_program(run.program);
  report_.sha256 = run.sha256;
  report_.version = run.version;
  report_.began = event.at;
  for (const event::RunStarted::Target& each : run.targets) {
    report::Target target;
    target.name = each.name;
    target.uri = each.uri;
    target.phases.push_back({TargetState::kWaiting, event.at, event.at});
    report_.targets.push_back(std::move(target));
  }
}

void ReportSink::on_state(report::Target& target, TargetState state, WallTime at) {
  target.phases.back().end = at;
  if (state == TargetState::kDone || state == TargetState::kFailed) return;  // No time passes in them.
  if (target.phases.back().state != state) target.phases.push_back({state, at, at});
}

void ReportSink::on_end(report::Target& target, const event::Ended& ended, WallTime at) {
  target.phases.back().end = at;
  target.outcome = ended.outcome;
  target.stdout_bytes = ended.stdout_bytes;
  target.stderr_bytes = ended.stderr_bytes;
}

void ReportSink::on_note(const Event& event, const event::Note& note) {
  using Kind = event::Note::Kind;
  if (note.kind == Kind::kDetail) return;
  const auto kind = note.kind == Kind::kWarning   ? report::Note::Kind::kWarning
                    : note.kind == Kind::kForeign ? report::Note::Kind::kForeign
                                                  : report::Note::Kind::kInfo;
  add_note({event.at, event.target, kind, note.text});
}

// One map that can't be taken in costs itself alone, and stands there as such.
void ReportSink::on_answer(const Answer& answer) {
  if (!faults_.contain("the report", [&] { maps_.on_answer(answer); })) maps_.on_lost(answer.map);
}

void ReportSink::on_notice(const AnswerNotice& notice, WallTime now) {
  using Kind = report::Note::Kind;
  add_note(
      {now, notice.target, notice.lost_events > 0 ? Kind::kLost : Kind::kWarning, notice.text, notice.lost_events});
}

void ReportSink::add_note(report::Note note) {
  if (report_.notes.size() < kNotesMax || note.kind == report::Note::Kind::kLost) {  // Of these a target has two.
    report_.notes.push_back(std::move(note));
  } else {
    ++notes_left_out_;
  }
}

void ReportSink::write() {
  if (notes_left_out_ > 0) {
    report_.notes.push_back({report_.ended, std::nullopt, report::Note::Kind::kWarning,
                             std::to_string(notes_left_out_) + " more notes are left out here"});
  }
  report_.maps = maps_.take();
  for (File& file : files_) {
    faults_.contain(file.option, [&] {
      const Result<> wrote = file.file.write(file.make(report_));
      if (wrote) return;
      failed_ = true;
      say_(wrote.error().what);
    });
  }
}

}  // namespace stapsh::client
