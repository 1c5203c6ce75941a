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

/// The log in `path`; without rows if there is no file. kUsage, naming the file, for one that is no joblog.
Result<Joblog> read_joblog(const std::string& path);

class JoblogSink : public EventSink {
 public:
  using Say = std::function<void(std::string_view line)>;

  /// kUsage if it can't be written. `append`: behind the rows of earlier runs (--resume-failed); else they go when a
  /// run starts.
  static Result<std::unique_ptr<JoblogSink>> create(const std::string& path, bool append, Say say);

  void on_event(const Event& event) override;
  [[nodiscard]] bool complete() const { return !failed_; }

 private:
  JoblogSink(std::string path, bool append, Say say, sys::UniqueFd file)
      : path_(std::move(path)), append_(append), say_(std::move(say)), file_(std::move(file)) {}
  void start(const Event& event, const event::RunStarted& started);
  void write(std::string_view line);
  void fail(int error);

  std::string path_;
  bool append_;
  Say say_;
  sys::UniqueFd file_;
  std::string command_;
  std::vector<JoblogRow> rows_;  // By target, as far as they are known.
  int signal_ = 0;               // That stopped the run.
  bool failed_ = false;
};

}  // namespace stapsh::client
