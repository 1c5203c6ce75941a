// SPDX-License-Identifier: Apache-2.0
// --joblog: a row for each target, written when it ends, so that a killed rstap leaves those that have ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/events/event.h"
#include "client/events/joblog.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

/// The log in `path`, for who writes nothing; without rows if there is no file. kUsage, naming the file, for one that
/// is no joblog.
Result<Joblog> read_joblog(const std::string& path);

class JoblogSink : public EventSink {
 public:
  using Say = std::function<void(std::string_view line)>;

  /// Opens the file, and holds it. kUsage if it can't be written, another rstap does, or something else is in it.
  /// `append`: behind the rows of earlier runs (--resume-failed); else they go when a run starts.
  static Result<std::unique_ptr<JoblogSink>> create(const std::string& path, bool append, Say say);

  /// With `append`: what earlier runs wrote.
  [[nodiscard]] const Joblog& earlier() const { return earlier_; }

  void on_event(const Event& event) override;
  void on_pause() override { write({}); }
  [[nodiscard]] bool complete() const { return !failed_; }

 private:
  JoblogSink(std::string path, Say say, sys::UniqueFd file, Joblog earlier)
      : path_(std::move(path)), say_(std::move(say)), file_(std::move(file)), earlier_(std::move(earlier)) {}
  void start(const Event& event, const event::RunStarted& started);
  void write(std::string_view line);
  void finish();
  void fail(int error);

  std::string path_;
  Say say_;
  sys::UniqueFd file_;
  Joblog earlier_;               // It stays.
  std::vector<JoblogRow> rows_;  // By target, as far as they are known.
  std::string unwritten_;        // A pipe is full.
  int signal_ = 0;               // That stopped the run.
  bool failed_ = false;
};

}  // namespace stapsh::client
