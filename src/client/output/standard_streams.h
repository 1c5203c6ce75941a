// SPDX-License-Identifier: Apache-2.0
// Standard output and standard error of the client. Sinks append to the buffers; what is there is written as it goes.
// Never waits: a reader that stalls (less, a stopped terminal) must not keep us from stopping targets. Targets are read
// only while there is room.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/output/diverted_text.h"
#include "client/output/output_buffer.h"
#include "client/output/status_line.h"
#include "sys/nonblocking.h"

namespace stapsh::client {

inline constexpr int kExitLost = 1;  ///< rstap's, if it could not write all that was said.

class StandardStreams : public EventSink {
 public:
  struct Listener {
    std::function<void()> on_room;         ///< Not full any more.
    std::function<void()> on_reader_gone;  ///< Once: nobody reads standard output.
    std::function<void()> on_asked = {};   ///< A person wants to know what each target is at. None: a recording.
  };
  static Result<std::unique_ptr<StandardStreams>> create(asio::io_context& io, Listener listener);
  ~StandardStreams() override;

  OutputBuffers& buffers() { return buffers_; }
  /// Whether a person's terminal obeys what is written there.
  [[nodiscard]] bool is_terminal(Stream stream) const { return outs_[static_cast<std::size_t>(stream)].is_terminal; }
  /// A line of rstap's own, on standard error; without its prefix.
  void say(std::string_view line);
  /// Whether so much waits to be written that more is lost: then call drop() with what it was.
  [[nodiscard]] bool overflows() const { return buffers_.pending_bytes() > kOverflowBytes; }
  void drop(std::size_t bytes) { dropped_bytes_ += bytes; }

  /// Standard error's terminal is to obey nothing of what comes there instead of on standard output.
  void spell_diverted() { diverted_text_.spell(); }
  /// All that targets said has been appended; what concludes it follows, and is to stay behind it.
  void end_output();

  /// What is shown has happened before: who reads us got none of its ctrl-Cs.
  void show_recorded() { recorded_ = true; }
  /// A line below all that is written to standard error's terminal, until it is hidden or output takes its place. Does
  /// nothing while output waits, or where its last line is unfinished: try again.
  void show_status(std::string_view line);
  void hide_status();
  /// Somebody else writes where it is shown: what is left of it goes, and none of theirs.
  void yield_status();
  /// Others have the terminal now.
  void forget_status() { status_.forget(); }
  [[nodiscard]] bool shows_status() const { return status_.shown(); }

  /// A view takes standard output's terminal: what comes for it waits until uncover(). `enter` is written first,
  /// `leave` at the end, whatever ends us in order. False, and nothing is done, where output waits to be written: try
  /// again.
  bool cover(std::string_view enter, std::string_view leave);
  /// What the view shows. False: the terminal has not taken yet what it was sent before.
  bool draw(std::string_view frame);
  void uncover();
  [[nodiscard]] bool covered() const { return covered_; }

  void on_event(const Event& event) override;
  void on_pause() override;
  [[nodiscard]] bool full() const override { return buffers_.pending_bytes() > kFullBytes; }

  /// Whether what is appended to its buffer arrives anywhere.
  [[nodiscard]] bool is_read(Stream stream) const {
    const std::size_t at = buffers_.shared() ? 0 : static_cast<std::size_t>(stream);
    return !outs_[at].closed || (stream == Stream::kStdout && diverted_ && !outs_[1].closed);
  }
  /// Waits until the buffers are not full any more, for as long as that takes.
  Awaitable<> wait_room();
  /// Waits until all is written, likewise.
  Awaitable<> wait_written();
  /// Meanwhile a person or a supervisor wants us to go: whoever reads us gets one more second. What is not read by then
  /// is lost, is counted, and is waited for no more. To wait for our own ctrl-C (see hold()) is not their slowness.
  void limit_waiting(int signo);
  [[nodiscard]] bool gave_up() const { return gave_up_; }
  /// Waits until all is written, at most until `deadline`; then nothing is written any more.
  Awaitable<> drain(TimePoint deadline);
  /// After drain(): `code` of the run, or another where not all has arrived.
  [[nodiscard]] int exit_code(int code) const;

 private:
  static constexpr std::size_t kFullBytes = std::size_t{1} << 20;
  static constexpr std::size_t kOverflowBytes = std::size_t{64} << 20;

  struct Out {
    sys::NonblockingFd fd;
    std::optional<Descriptor> waiter;  // Of a duplicate; made when there is something to wait for.
    bool waiting = false;
    bool closed = false;
    bool has_status = false;  // It goes to the terminal where the status is.
    bool is_terminal = false;
  };

  StandardStreams(asio::io_context& io, Listener listener)
      : io_(io), listener_(std::move(listener)), changed_(io), hold_timer_(io), give_up_timer_(io) {}
  Out& out(Stream stream) { return outs_[static_cast<std::size_t>(stream)]; }
  void flush(Stream stream);
  [[nodiscard]] bool has_unsent() const;
  bool write_status();
  bool write_screen();
  bool make_waiter(Out& out);
  void wait_writable(Stream stream);
  void watch_reader();
  void on_write_failed(Stream stream, const Error& error);
  void hold();
  void give_up(int signo);
  void divert();
  void append_diverted(std::string_view bytes);
  void take_back();

  asio::io_context& io_;
  OutputBuffers buffers_;
  Listener listener_;
  std::array<Out, 2> outs_;
  StatusLine status_;
  Condition changed_;
  std::optional<int> close_code_;  // Standard output could not be written to any more.
  bool stop_asked_ = false;        // By a person: whoever reads us got the same ctrl-C.
  bool held_ = false;              // What goes to standard output: is its reader there after the ctrl-C?
  asio::steady_timer hold_timer_;
  asio::steady_timer give_up_timer_;
  bool limited_ = false, gave_up_ = false;
  bool output_ended_ = false;
  bool recorded_ = false;
  bool diverted_ = false;
  DivertedText diverted_text_;
  bool drained_ = false;
  bool covered_ = false;
  std::string screen_, leave_screen_;  // For the view: what is to be written, and what gives the terminal back.
  std::size_t dropped_bytes_ = 0;
  bool errors_lost_ = false;  // Something of standard error could not be written.
};

}  // namespace stapsh::client
