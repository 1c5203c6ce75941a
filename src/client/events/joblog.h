// SPDX-License-Identifier: Apache-2.0
// The log of jobs that GNU parallel writes (--joblog) and goes on from (--resume-failed), with a target for each job:
// rows of nine columns, tab-separated, under a line with their names. Pure; both ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace stapsh::client {

struct JoblogRow {
  std::size_t seq = 0;  ///< Of the target in its run, from 1.
  std::string host;     ///< The target's name.
  WallTime start{};     ///< Of its runner; of the run, if it never started.
  Duration runtime{};
  std::uint64_t receive = 0;  ///< Bytes that the runner said.
  int exitval = 0;            ///< -1: it failed without an exit code.
  int signal = 0;             ///< That ended the runner; or by which rstap was stopped before it ran.
  std::string command;        ///< RunStarted::command.
  bool operator==(const JoblogRow&) const = default;
};

/// Each a whole line.
std::string joblog_header();
std::string format_joblog_row(const JoblogRow& row);
/// A name or a command as it stands in its column: control characters are \xXX, and a backslash is two. No two are the
/// same there, and none ends its column or its row.
std::string joblog_text(std::string_view text);

struct Joblog {
  std::vector<JoblogRow> rows;  ///< Send is not kept, and no more of times than the file has.
  std::size_t whole_bytes = 0;  ///< What is behind them is the beginning of a line that was never finished.
};
/// kUsage for a file that is no such log; names the line, not the file.
Result<Joblog> parse_joblog(std::string_view text);

/// Which hosts, by their names, need not run again: the last row of each says 0. kUsage where a row is of another
/// command.
Result<std::vector<std::string>> succeeded_hosts(const Joblog& log, std::string_view command);

}  // namespace stapsh::client
