// SPDX-License-Identifier: Apache-2.0
// --record=FILE: a run's events in a file, as JSON, compressed if its name ends in .zst. What happened is in the file
// within a second, also if we are killed then. A disk that is full ends the recording, never the run.
#pragma once

#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/events/event_writer.h"
#include "client/recording/compression.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class RecordSink : public EventSink {
 public:
  /// Opens the file, and holds it, but writes nothing before the first event: until then a recording that was there
  /// stays. `on_failed` gets a line for a person, once. kUsage says why the file can't be one.
  static Result<std::unique_ptr<RecordSink>> create(asio::io_context& io, std::string path,
                                                    std::function<void(std::string)> on_failed);
  ~RecordSink() override;

  void on_event(const Event& event) override;
  void on_pause() override;
  /// Not all of the run is in the file.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  RecordSink(asio::io_context& io, std::string path, std::function<void(std::string)> on_failed);

  Result<> open();
  void begin();
  void write(Compressor::Until until);
  void write_later();
  void end();
  void give_up(const std::string& why);

  std::string path_;
  std::function<void(std::string)> on_failed_;
  sys::UniqueFd file_;
  bool made_ = false;  // By us: it goes if nothing is written.
  bool begun_ = false, failed_ = false;
  EventWriter writer_;
  ByteBuffer pending_;  // JSON.
  std::optional<Compressor> compressor_;
  ByteBuffer compressed_;
  asio::steady_timer timer_;
  bool waits_ = false;  // For the timer.
};

}  // namespace stapsh::client
