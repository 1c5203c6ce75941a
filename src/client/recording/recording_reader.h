// SPDX-License-Identifier: Apache-2.0
// The events of a recording, whole or cut. Knows by its first bytes whether it is compressed.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "client/events/event.h"
#include "client/events/event_reader.h"
#include "client/recording/compression.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

/// Longer lines are no events: a whole chunk of output that is all control characters has 6 MiB.
inline constexpr std::size_t kRecordingLineBytesMax = std::size_t{256} << 20;

class RecordingReader {
 public:
  /// `path` may be "-": standard input. kUsage: it can't be read, and why.
  static Result<RecordingReader> open(const std::string& path);

  /// Views in the event hold until the next call. None: the recording ends here, whole or not; the first answer is
  /// never that. An error names the file and the line, and is the last answer.
  Result<std::optional<Event>> next();

  /// As messages name it.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::size_t lines() const { return lines_; }
  /// Who has read what: whether the run ended, and which targets.
  [[nodiscard]] const EventReader& events() const { return *events_; }

 private:
  RecordingReader(std::string name, sys::UniqueFd file);
  Result<> read_more();
  Result<> unpack();
  Result<std::optional<Event>> read_line(std::size_t size);

  std::string name_;
  sys::UniqueFd file_;
  std::unique_ptr<EventReader> events_;
  std::vector<char> chunk_;
  std::optional<Decompressor> decompressor_;
  std::string_view packed_;  // Of chunk_, not given to it yet.
  bool unpacks_ = false;     // It has more to give.
  ByteBuffer text_;
  std::size_t consumed_ = 0;  // Of text_, by the last event.
  std::size_t searched_ = 0;  // Of text_: no newline is in it.
  std::size_t lines_ = 0;
  bool any_ = false, end_ = false;
  bool begun_ = false;           // An event was read.
  std::optional<Error> damage_;  // What is before it is read first.
};

}  // namespace stapsh::client
