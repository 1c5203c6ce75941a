// SPDX-License-Identifier: Apache-2.0
#include "client/output/outputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/assert.h"
#include "client/output/folder_sink.h"
#include "client/output/gather_sink.h"
#include "client/output/joblog_sink.h"
#include "client/output/json_sink.h"
#include "client/output/live_view.h"
#include "client/output/progress.h"
#include "client/output/release_timer.h"
#include "client/output/report_sink.h"
#include "client/output/standard_streams.h"
#include "client/output/sum_sink.h"
#include "client/output/text_sink.h"
#include "client/recording/record_sink.h"
#include "sys/clock.h"
#include "sys/terminal.h"

namespace stapsh::client {
namespace {

constexpr Duration kLastOutputLimit = std::chrono::seconds(10);

}  // namespace

Result<Outputs> Outputs::create(asio::io_context& io, const OutputOptions& options, StandardStreams::Listener listener,
                                UsedFiles used) {
  Outputs outputs;
  TRY(used.check_open("standard output", STDOUT_FILENO));
  TRY(used.check_open("standard error", STDERR_FILENO));
  outputs.used_ = std::move(used);
  outputs.used_.add_open("standard output", STDOUT_FILENO);  // After 2>&1 they are one, and may be.
  outputs.used_.add_open("standard error", STDERR_FILENO);
  const std::function<void()> on_asked = listener.on_asked;
  outputs.streams_ = TRY(StandardStreams::create(io, std::move(listener)));
  outputs.faults_ =
      std::make_unique<Faults>([&streams = *outputs.streams_](std::string_view line) { streams.say(line); });
  if (options.record_file) TRY(outputs.add_record(io, *options.record_file));
  TRY(outputs.add_shown(io, options));
  if (!options.outdir.empty()) TRY(outputs.add_folder("--outdir", options.outdir, Stream::kStdout));
  if (!options.errdir.empty()) TRY(outputs.add_folder("--errdir", options.errdir, Stream::kStderr));
  if (!options.joblog.empty()) TRY(outputs.add_joblog(options));
  // A view in place has the terminal for itself.
  const bool covers = options.answers.live && outputs.streams_->is_terminal(Stream::kStdout);
  if (on_asked && !covers) {  // Else nothing goes on that could be watched: a recording.
    auto progress = Progress::create(io, options.progress, *outputs.streams_, *outputs.faults_, on_asked);
    if (progress) outputs.add("the progress", std::move(progress));
  }
  return outputs;
}

Result<> Outputs::add_joblog(const OutputOptions& options) {
  TRY(used_.check("--joblog", AT_FDCWD, options.joblog, options.joblog));
  StandardStreams& streams = *streams_;
  auto sink = TRY(JoblogSink::create(options.joblog, options.resume_failed,
                                     [&streams](std::string_view line) { streams.say(line); }));
  used_.add("--joblog's file", options.joblog);
  joblog_ = sink.get();
  add("--joblog", std::move(sink));
  return {};
}

Result<> Outputs::add_record(asio::io_context& io, const std::string& file) {
  TRY(used_.check("--record", AT_FDCWD, file, file));
  StandardStreams& streams = *streams_;
  auto sink = TRY(RecordSink::create(io, file, [&streams](const std::string& line) { streams.say(line); }));
  used_.add("--record's file", file);
  record_ = sink.get();
  add("--record", std::move(sink));
  return {};
}

Result<> Outputs::add_shown(asio::io_context& io, OutputOptions options) {
  const bool json = options.format == Format::kJson;
  // Beside the events a person wants to know what is wrong.
  if (json) {
    options.quiet = true;
    options.timestamps = Timestamps::kNone;  // These two are about lines.
    options.by_time.reset();
  }
  const std::array is_terminal{streams_->is_terminal(Stream::kStdout), streams_->is_terminal(Stream::kStderr)};
  const TextLook look = text_look(options, is_terminal, ::getenv("NO_COLOR"));
  // Of what is gathered, lines come only where it becomes too much: then it must be known whose they are.
  const bool gathers = !json && (options.gather || options.diff);
  if (gathers && options.labels == LabelMode::kNone) options.labels = LabelMode::kName;
  options.line_buffer = options.line_buffer || gathers;
  if (options.answers.wanted() && options.labels == LabelMode::kNone) options.labels = LabelMode::kName;
  if (look.spelled[static_cast<std::size_t>(Stream::kStderr)]) streams_->spell_diverted();
  auto text = std::make_unique<TextSink>(options, look, *streams_);
  if (json) {
    add("--format", std::make_unique<JsonSink>(*streams_));
    add("the output", std::make_unique<WithoutOutput>(std::move(text)));
  } else if (gathers) {
    std::optional<GatherSink::Differences> differences;
    if (options.diff) differences = {TRY(Differ::create()), options.gather};
    auto gather = std::make_unique<GatherSink>(io, look, *streams_, *faults_, std::move(differences),
                                               options.bare_alone, std::move(text));
    gather_ = gather.get();
    add("--gather", std::move(gather));
  } else if (options.answers.wanted()) {
    answers_ = options.answers;
    heat_look_ = [coloured = look.coloured[static_cast<std::size_t>(Stream::kStdout)]] {
      HeatLook heat;
      heat.columns = sys::terminal_columns(STDOUT_FILENO);
      heat.coloured = coloured;
      return heat;
    };
    auto sum = std::make_unique<SumSink>(options.answers, heat_look_, std::move(text), *faults_);
    timed_ = sum_ = sum.get();
    StandardStreams& streams = *streams_;
    auto report = TRY(ReportSink::create(
        options.answers, used_, [&streams](std::string_view line) { streams.say(line); }, *faults_));
    report_ = report.get();
    if (report) sum->add_taker(*report);
    add("--sum", std::move(sum));
    if (report) add("the report", std::move(report));  // Behind it: the last answers come with the last event.
  } else {
    timed_ = text.get();
    add("the output", std::move(text));
  }
  return {};
}

Result<> Outputs::add_folder(std::string_view option, const std::string& folder, Stream stream) {
  for (FolderSink* other : folders_) {
    if (other->is_folder(folder)) {
      other->add_stream(stream);
      return {};
    }
  }
  FolderSink::Options folder_options{std::string(option), folder, {}};
  StandardStreams& streams = *streams_;
  auto sink =
      TRY(FolderSink::create(std::move(folder_options), [&streams](std::string_view line) { streams.say(line); }));
  sink->add_stream(stream);
  folders_.push_back(sink.get());
  add("--outdir", std::move(sink));
  return {};
}

int Outputs::exit_code(int code) const {
  code = streams_->exit_code(code);
  const bool complete = std::ranges::all_of(folders_, [](const FolderSink* folder) { return folder->complete(); }) &&
                        (joblog_ == nullptr || joblog_->complete()) && (report_ == nullptr || report_->complete()) &&
                        (record_ == nullptr || !record_->failed()) && !faults_->any();
  return code == 0 && !complete ? kExitLost : code;
}

Result<> Outputs::check_targets(const std::vector<event::RunStarted::Target>& targets, const UsedFiles& read) const {
  UsedFiles used = used_;
  used.add_all(read);
  for (const FolderSink* folder : folders_) TRY(folder->check(targets, used));
  return {};
}

const Joblog& Outputs::earlier_jobs() const {
  STAPSH_ASSERT(joblog_ != nullptr);
  return joblog_->earlier();
}

void Outputs::keep_time(asio::io_context& io) {
  if (timed_ != nullptr) add("the output", std::make_unique<ReleaseTimer>(io, *timed_, *streams_, *faults_));
}

void Outputs::watch_live(asio::io_context& io, std::function<void(std::span<const std::size_t>)> ask) {
  if (sum_ == nullptr || !answers_.live) return;
  add("--live",
      std::make_unique<LiveView>(io, answers_, *sum_, *streams_, *faults_, LiveView::Ways{heat_look_, std::move(ask)}));
}

void Outputs::add(std::string_view what, std::unique_ptr<EventSink> sink) {
  contained_.push_back(std::make_unique<ContainedSink>(what, *sink, *faults_));
  sinks_.push_back(std::move(sink));
}

std::vector<EventSink*> Outputs::sinks() {
  std::vector<EventSink*> all;
  for (const auto& sink : contained_) all.push_back(sink.get());
  contained_.push_back(std::make_unique<ContainedSink>("the standard streams", *streams_, *faults_));
  all.push_back(contained_.back().get());  // Last: it writes what the others made.
  return all;
}

Awaitable<> Outputs::drain() {
  if (gather_ != nullptr) co_await gather_->finish();
  co_await streams_->drain(sys::deadline_after(kLastOutputLimit));
}

}  // namespace stapsh::client
