// SPDX-License-Identifier: Apache-2.0
// All sinks that a person asked for, and what they write to.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/events/joblog.h"
#include "client/options/rstap_options.h"
#include "client/output/faults.h"
#include "client/output/heat_map.h"
#include "client/output/standard_streams.h"
#include "client/output/used_files.h"

namespace stapsh::client {

class FolderSink;
class GatherSink;
class JoblogSink;
class RecordSink;
class ReportSink;
class SumSink;
class TimedSink;

class Outputs {
 public:
  /// `used`: what is read meanwhile. kUsage where something can't be written, or would be written twice.
  static Result<Outputs> create(asio::io_context& io, const OutputOptions& options, StandardStreams::Listener listener,
                                UsedFiles used = {});

  /// Before the first event, which writes: kUsage if a target's file is one that is used for something else, or one of
  /// those that were `read` for the run.
  [[nodiscard]] Result<> check_targets(const std::vector<event::RunStarted::Target>& targets,
                                       const UsedFiles& read = {}) const;

  /// The events are of a recording, not of a run.
  void show_recorded() { streams_->show_recorded(); }
  /// The run is live: the clock goes on between its events. Before sinks().
  void keep_time(asio::io_context& io);

  /// --live: `ask` has runners of these targets print their maps. Before sinks(), and only for a run.
  void watch_live(asio::io_context& io, std::function<void(std::span<const std::size_t>)> ask);

  /// --resume-failed: what earlier runs wrote into the log. Only with it.
  [[nodiscard]] const Joblog& earlier_jobs() const;

  /// In the order in which they take an event.
  /// Once. None of them throws.
  [[nodiscard]] std::vector<EventSink*> sinks();

  /// After the last event: shows what was kept until now, then writes what is left, for a while.
  Awaitable<> drain();
  /// After drain(): `code` of the run, or another where not all has arrived.
  [[nodiscard]] int exit_code(int code) const;

 private:
  void add(std::string_view what, std::unique_ptr<EventSink> sink);
  Result<> add_joblog(const OutputOptions& options);
  Result<> add_record(asio::io_context& io, const std::string& file);
  Result<> add_shown(asio::io_context& io, OutputOptions options);
  Result<> add_folder(std::string_view option, const std::string& folder, Stream stream);

  UsedFiles used_;
  std::unique_ptr<StandardStreams> streams_;
  std::unique_ptr<Faults> faults_;
  std::vector<std::unique_ptr<EventSink>> sinks_;
  std::vector<std::unique_ptr<ContainedSink>> contained_;
  TimedSink* timed_ = nullptr;    // One of them, where it holds lines back for a time,
  GatherSink* gather_ = nullptr;  // or this, if it was asked for.
  std::vector<FolderSink*> folders_;
  SumSink* sum_ = nullptr;  // One of them, with what it was asked for and how it looks.
  AnswerRequest answers_;
  std::function<HeatLook()> heat_look_;
  const JoblogSink* joblog_ = nullptr;
  const ReportSink* report_ = nullptr;
  RecordSink* record_ = nullptr;  // One of them, if it was asked for.
};

}  // namespace stapsh::client
