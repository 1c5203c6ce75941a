// SPDX-License-Identifier: Apache-2.0
// Standard output and standard error of the client: what the merger made of all targets' output, and
// our own lines. Never waits: a reader that stalls (less, a stopped terminal) must not keep us from
// stopping targets. Targets are read only while there is room.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "client/asio_types.h"
#include "client/merge.h"
#include "sys/nonblocking.h"

namespace stapsh::client {

class OutputSink {
 public:
  /// `on_closed` is called once, when standard output can't be written to any more.
  static Result<std::unique_ptr<OutputSink>> create(asio::io_context& io, MergeOptions merge,
                                                    std::function<void(const Error&)> on_closed);

  void on_output(std::size_t target, Stream stream, std::string_view bytes);
  void on_target_end(std::size_t target) { merger_.on_target_end(target); }
  /// A line of our own, on standard error.
  void say(std::string_view line);

  /// Writes what goes now; the rest follows by itself.
  void flush();
  [[nodiscard]] bool full() const { return !hurried_ && merger_.pending_bytes() > kFullBytes; }
  /// The run is being stopped: no target waits for a reader any more. What is over kHurriedBytesMax is dropped.
  void hurry() {
    hurried_ = true;
    changed_.announce();
  }
  /// Bytes that were dropped since nobody read them.
  [[nodiscard]] std::size_t dropped_bytes() const { return dropped_bytes_; }
  /// Something of standard error could not be written: output of runners, or what we had to say.
  [[nodiscard]] bool errors_lost() const { return errors_lost_; }
  /// Waits until it is not full any more.
  Awaitable<> wait_room();
  /// Waits until all is written, at most until `deadline`.
  Awaitable<> drain(TimePoint deadline);

 private:
  static constexpr std::size_t kFullBytes = std::size_t{1} << 20;
  static constexpr std::size_t kHurriedBytesMax = std::size_t{64} << 20;

  struct Out {
    sys::NonblockingFd fd;
    std::optional<Descriptor> waiter;  // Of a duplicate; made when there is something to wait for.
    bool waiting = false;
    bool closed = false;
  };

  OutputSink(asio::io_context& io, MergeOptions merge, std::function<void(const Error&)> on_closed)
      : io_(io), merger_(std::move(merge)), on_closed_(std::move(on_closed)), changed_(io) {}
  Out& out(Stream stream) { return outs_[static_cast<std::size_t>(stream)]; }
  void flush(Stream stream);
  void wait_writable(Stream stream);

  asio::io_context& io_;
  Merger merger_;
  std::function<void(const Error&)> on_closed_;
  std::array<Out, 2> outs_;
  Event changed_;
  bool hurried_ = false;
  std::size_t dropped_bytes_ = 0;
  bool errors_lost_ = false;
};

}  // namespace stapsh::client
