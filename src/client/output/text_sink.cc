// SPDX-License-Identifier: Apache-2.0
#include "client/output/text_sink.h"

#include "base/overloaded.h"
#include "base/shown_text.h"
#include "client/output/only_target.h"
#include "client/output/report.h"
#include "client/output/shown_names.h"
#include "client/output/terminal_text.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kOwnPrefix = "rstap: ";
constexpr std::string_view kForeignLabel = "stap: ";

// "staprun 4.8, bpftrace 0.17.0"
std::string runners_text(const FoundRunners& runners) {
  std::string text;
  for (const FoundRunner& runner : runners) {
    text += (text.empty() ? "" : ", ") + std::string(runner_name(runner.kind)) + " ";
    text += runner.denied            ? "that its user may not execute"
            : runner.version.empty() ? "of an unknown version"
                                     : runner.version;
  }
  return text.empty() ? "it has no runner" : text;
}

}  // namespace

void TextSink::on_event(const Event& event) {
  release(event.at);
  if (timed_) timed_->note(event);
  if (const auto* output = std::get_if<event::Output>(&event.what)) {  // The one that must be fast.
    if (streams_.overflows()) return streams_.drop(output->bytes.size());
    if (output->stream == Stream::kStderr) errors_.add(*event.target, output->bytes);
    return turns_ ? turns_->add(event) : show_output(event);
  }
  const std::string* target = event.target ? &results_.at(*event.target).name : nullptr;
  std::visit(Overloaded{
                 [&](const event::RunStarted& e) { start(e); },
                 [&](const event::StateChanged& e) {
                   if (e.state != TargetState::kConnecting) on_note({{}, std::string(state_name(e.state))}, target);
                 },
                 [&](const event::Note& e) { on_note(e, target); },
                 [&](const event::Ended& e) {
                   turns_ ? turns_->add(event) : end_output(event);
                   results_[*event.target].outcome = e.outcome;
                 },
                 [&](const event::RunEnded&) { summarize(); },
                 [&](const event::Connected& e) {
                   if (e.runners) on_note({event::Note::Kind::kDetail, runners_text(*e.runners)}, target);
                   if (!e.clock_offset) return;
                   const bool warns = timed_ && timed_->is_far_off(e);
                   on_note({warns ? event::Note::Kind::kWarning : event::Note::Kind::kDetail, clock_text(e)}, target);
                 },
                 [](const event::Built&) {},
                 [](const event::StopAsked&) {},
                 [](const event::Output&) {},
             },
             event.what);
}

void TextSink::show_output(const Event& event) {
  if (timed_) return timed_->on_output(event, *merger_);
  const auto& output = std::get<event::Output>(event.what);
  merger_->on_output(*event.target, output.stream, output.bytes, event.at);
}

void TextSink::end_output(const Event& event) {
  timed_ ? timed_->on_target_end(event, *merger_) : merger_->on_target_end(*event.target);
}

void TextSink::start(const event::RunStarted& run) {
  MergeOptions merge;
  merge.labels = options_.labels;
  merge.on_terminal = look_.spelled;
  merge.coloured = look_.coloured;
  merge.obeys_clears = !options_.raw;
  merge.target_names = shown_names(run);
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    // In a file or for a program a line that is torn is worse than one that is late.
    const bool never_torn = merge.target_names.size() == 1 && !streams_.buffers().shared();
    merge.shows_unfinished[static_cast<std::size_t>(stream)] = streams_.is_terminal(stream) || never_torn;
  }
  for (const std::string& name : merge.target_names) results_.push_back({name, {}});
  errors_.start(run.targets.size());
  if (TimedLines::wanted(options_)) {
    timed_.emplace(options_, merge.target_names, streams_.buffers());
    merge.whole_lines = true;
  }
  if (merge.target_names.size() > 1 && !options_.line_buffer && !options_.by_time) {
    turns_.emplace(merge.target_names.size(), [this](const Event& event) {
      std::holds_alternative<event::Output>(event.what) ? show_output(event) : end_output(event);
    });
  }
  merger_.emplace(std::move(merge), timed_ ? timed_->staging() : streams_.buffers());
}

std::optional<WallTime> TextSink::next_release() const {
  std::optional<WallTime> next;
  const auto add = [&](std::optional<WallTime> its) {
    if (its && (!next || *its < *next)) next = its;
  };
  if (turns_) add(turns_->next_release());
  if (timed_) add(timed_->next_release());
  if (merger_) add(merger_->next_release());
  return next;
}

// Each in its time, also where the clock was not looked at for long (a recording): the order is the same.
void TextSink::release(WallTime now) {
  for (auto next = next_release(); next && *next < now; next = next_release()) release_at(*next);
  release_at(now);
}

void TextSink::release_at(WallTime now) {
  if (merger_) merger_->release(now);
  if (turns_) turns_->release(now);
  if (timed_) timed_->release(now);
}

void TextSink::show_lines(const std::vector<std::string>& lines) {
  OutputBuffer& out = begin_line(Stream::kStdout);
  for (const std::string& line : lines) {
    out.append(line);
    out.append("\n");
  }
}

OutputBuffer& TextSink::begin_line(Stream stream) {
  if (turns_) turns_->release_all();
  OutputBuffer& out = streams_.buffers().of(stream);
  out.begin_line();
  return out;
}

// What rstap says of a target begins as all that it says: "web1: " alone is what the target says.
void TextSink::on_note(const event::Note& note, const std::string* target) {
  using Kind = event::Note::Kind;
  if (note.kind == Kind::kDetail && !options_.verbose) return;
  if (note.kind == Kind::kInfo && options_.quiet) return;
  if (note.kind == Kind::kForeign) return say_foreign(target != nullptr ? *target + ": " : "", note.text);
  say((target != nullptr ? *target + ": " : "") + shown_text(note.text));
}

void TextSink::say(std::string_view line) {
  OutputBuffer& out = begin_line(Stream::kStderr);
  out.append(kOwnPrefix);
  out.append(line);
  out.append("\n");
}

// Lines of another program: of one here (stap), or of what leads to a target.
void TextSink::say_foreign(std::string_view label, std::string_view text) {
  OutputBuffer& out = begin_line(Stream::kStderr);
  while (true) {
    const std::size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    const bool looks_own = looks_like(line, kOwnBeginning).value_or(false);
    out.append(label.empty() && looks_own ? kForeignLabel : label);
    if (look_.spelled[static_cast<std::size_t>(Stream::kStderr)]) {
      append_terminal_line(out, line);
    } else {
      out.append(line);
      out.append("\n");
    }
    if (newline == std::string_view::npos) return;
    text.remove_prefix(newline + 1);
  }
}

void TextSink::summarize() {
  if (turns_) turns_->release_all();
  if (timed_) {
    timed_->finish();
    for (const std::string& line : timed_->remarks()) say(line);
  }
  streams_.end_output();
  if (results_.empty()) return;
  for (const std::string& line : report_lines(results_, {options_.quiet, errors_.hint(results_)})) {
    begin_line(Stream::kStderr).append(line + "\n");
  }
}

}  // namespace stapsh::client
