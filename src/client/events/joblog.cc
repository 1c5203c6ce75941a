// SPDX-License-Identifier: Apache-2.0
#include "client/events/joblog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

#include "base/parse_int.h"
#include "base/shown_text.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kHeader = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand";
constexpr std::size_t kColumns = 9;
constexpr std::size_t kShownBytesMax = 200;
constexpr double kShownSecondsMax = 4.6e9;  // Half of what a WallTime holds: others may add to it.

double seconds_of(auto duration) { return std::chrono::duration<double>(duration).count(); }

// The last column takes what is left: commands of parallel's may have tabs in them.
std::optional<std::array<std::string, kColumns>> columns_of(std::string_view line) {
  std::array<std::string, kColumns> columns;
  for (std::size_t i = 0; i + 1 < kColumns; ++i) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return {};
    columns[i] = line.substr(0, tab);
    line.remove_prefix(tab + 1);
  }
  columns.back() = line;
  return columns;
}

// What joblog_text() made a column of. Backslashes of parallel's own commands mean nothing, and stay.
std::string text_of(std::string_view column) {
  std::string text;
  while (!column.empty()) {
    std::size_t size = 1;
    text += column.front();
    unsigned byte = 0;
    if (column.starts_with("\\\\")) {
      size = 2;
    } else if (column.starts_with("\\x") && column.size() >= 4 &&
               std::from_chars(column.data() + 2, column.data() + 4, byte, 16).ptr == column.data() + 4) {
      text.back() = static_cast<char>(byte);
      size = 4;
    }
    column.remove_prefix(size);
  }
  return text;
}

// "     0.004": parallel puts blanks before it.
std::optional<std::chrono::microseconds> parse_time(const std::string& text) {
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(seconds) || std::abs(seconds) > kShownSecondsMax) return {};
  return std::chrono::microseconds(std::llround(seconds * 1e6));
}

std::optional<JoblogRow> parse_row(std::string_view line) {
  const auto columns = columns_of(line);
  if (!columns) return {};
  const auto seq = parse_int<std::size_t>((*columns)[0], 1, SIZE_MAX);
  const auto start = parse_time((*columns)[2]);
  const auto runtime = parse_time((*columns)[3]);
  const auto receive = parse_int<std::uint64_t>((*columns)[5], 0, UINT64_MAX);
  const bool failed = (*columns)[6] == "-1";
  const auto exitval = parse_int<unsigned>(failed ? "0" : (*columns)[6], 0, 65'535);
  const auto signal = parse_int<unsigned>((*columns)[7], 0, 255);
  if (!seq || !start || !runtime || !receive || !exitval || !signal || (*columns)[1].empty()) return {};
  JoblogRow row;
  row.seq = *seq;
  row.host = text_of((*columns)[1]);
  row.start = std::chrono::duration_cast<WallTime>(*start);
  row.runtime = std::chrono::duration_cast<Duration>(*runtime);
  row.receive = *receive;
  row.exitval = failed ? -1 : static_cast<int>(*exitval);
  row.signal = static_cast<int>(*signal);
  row.command = text_of((*columns)[8]);
  return row;
}

}  // namespace

std::string joblog_header() { return std::string(kHeader) + "\n"; }

std::string joblog_text(std::string_view text) {
  std::string column;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      column += fmt::format("\\x{:02x}", byte);
    } else {
      if (c == '\\') column += c;
      column += c;
    }
  }
  return column;
}

std::string format_joblog_row(const JoblogRow& row) {
  return fmt::format("{}\t{}\t{:.3f}\t{:10.3f}\t0\t{}\t{}\t{}\t{}\n", row.seq, joblog_text(row.host),
                     seconds_of(row.start), seconds_of(row.runtime), row.receive, row.exitval, row.signal,
                     joblog_text(row.command));
}

Result<Joblog> parse_joblog(std::string_view text) {
  Joblog log;
  const std::size_t end = text.rfind('\n');
  log.whole_bytes = end == std::string_view::npos ? 0 : end + 1;
  std::string_view rest = text.substr(0, log.whole_bytes);
  // What was never finished may be anything; a first line alone must be the beginning of ours.
  if (rest.empty() && text != kHeader.substr(0, text.size()))
    return fail(Errc::kUsage, "line 1: not the head of a joblog");
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (number == 1) {
      if (line != kHeader) return fail(Errc::kUsage, "line 1: not the head of a joblog");
      continue;
    }
    std::optional<JoblogRow> row = parse_row(line);
    if (!row) return fail(Errc::kUsage, fmt::format("line {}: not a row of a joblog", number));
    log.rows.push_back(*std::move(row));
  }
  return log;
}

Result<std::vector<std::string>> succeeded_hosts(const Joblog& log, std::string_view command) {
  std::map<std::string, bool> last;
  for (const JoblogRow& row : log.rows) {
    if (row.command != command) {
      return fail(Errc::kUsage,
                  fmt::format("it is of another command, {}, not {}", shown_text(row.command, kShownBytesMax),
                              shown_text(command, kShownBytesMax)));
    }
    last[row.host] = row.exitval == 0 && row.signal == 0;
  }
  std::vector<std::string> hosts;
  for (const auto& [host, succeeded] : last) {
    if (succeeded) hosts.push_back(host);
  }
  return hosts;
}

}  // namespace stapsh::client
