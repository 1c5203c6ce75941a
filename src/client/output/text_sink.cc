// SPDX-License-Identifier: Apache-2.0
#include "client/output/text_sink.h"

#include "base/assert.h"
#include "base/overloaded.h"
#include "client/output/report.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kOwnPrefix = "rstap: ";

}  // namespace

void TextSink::on_event(const Event& event) {
  if (const auto* output = std::get_if<event::Output>(&event.what)) {  // The one that must be fast.
    if (streams_.overflows()) return streams_.drop(output->bytes.size());
    return merger_->on_output(*event.target, output->stream, output->bytes);
  }
  const std::string* target = event.target ? &results_.at(*event.target).name : nullptr;
  std::visit(Overloaded{
                 [&](const event::RunStarted& e) {
                   MergeOptions merge;
                   merge.labels = options_.labels;
                   for (const event::RunStarted::Target& each : e.targets) {
                     merge.target_names.push_back(each.name);
                     results_.push_back({each.name, {}});
                   }
                   merger_.emplace(std::move(merge), streams_.buffers());
                 },
                 [&](const event::StateChanged& e) {
                   if (e.state != TargetState::kConnecting) on_note({{}, std::string(state_name(e.state))}, target);
                 },
                 [&](const event::Note& e) { on_note(e, target); },
                 [&](const event::Ended& e) {
                   merger_->on_target_end(*event.target);
                   results_[*event.target].outcome = e.outcome;
                 },
                 [&](const event::RunEnded&) { summarize(); },
                 [](const event::Connected&) {},
                 [](const event::Built&) {},
                 [](const event::StopAsked&) {},
                 [](const event::Output&) {},
             },
             event.what);
}

void TextSink::on_note(const event::Note& note, const std::string* target) {
  using Kind = event::Note::Kind;
  if (note.kind == Kind::kDetail && !options_.verbose) return;
  if (note.kind == Kind::kInfo && options_.quiet) return;
  if (note.kind == Kind::kForeign && target == nullptr) return say("", note.text);
  if (target == nullptr) return say(kOwnPrefix, note.text);
  say(note.kind == Kind::kAnswer ? std::string(kOwnPrefix) + *target + ": " : *target + ": ", note.text);
}

void TextSink::say(std::string_view prefix, std::string_view line) {
  OutputBuffer& buffer = streams_.buffers().of(Stream::kStderr);
  buffer.append(prefix);
  buffer.append(line);
  buffer.append("\n");
}

void TextSink::summarize() {
  if (options_.quiet || results_.empty()) return;
  for (const std::string& line : report_lines(results_)) say("", line);
}

}  // namespace stapsh::client
