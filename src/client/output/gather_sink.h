// SPDX-License-Identifier: Apache-2.0
// --gather: what targets said, shown at the end, once for all that said the same; --diff: how what others said differs
// from it. Everything else that happens goes to the sink that shows it as usual, and the end of the run as well, behind
// what was gathered.
//
// If that becomes more than can be kept, so much of it is shown at once, and what follows goes to the other sink as it
// comes.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/output/differ.h"
#include "client/output/faults.h"
#include "client/output/gathered_groups.h"
#include "client/output/shared_texts.h"
#include "client/output/standard_streams.h"
#include "client/output/text_look.h"

namespace stapsh::client {

class GatherSink : public EventSink {
 public:
  /// Of standard output: how groups are shown behind the first.
  struct Differences {
    Differ differ;
    bool first_too = false;  ///< The one that others are compared with is shown.
  };

  /// `streams` and `faults` are lent. Without `differences` all texts are shown. `bare_alone`: what one target said has
  /// no header where it is the only one.
  GatherSink(asio::io_context& io, const TextLook& look, StandardStreams& streams, Faults& faults,
             std::optional<Differences> differences, bool bare_alone, std::unique_ptr<EventSink> others)
      : io_(io),
        look_(look),
        streams_(streams),
        faults_(faults),
        differences_(std::move(differences)),
        bare_alone_(bare_alone),
        others_(std::move(others)),
        shown_(io) {}

  void on_event(const Event& event) override;
  void on_pause() override { others_->on_pause(); }
  [[nodiscard]] bool full() const override { return phase_ == Phase::kShowing || others_->full(); }

  /// After the last event: shows what was gathered, as fast as it is read, however long that takes. A signal limits
  /// that: see StandardStreams::limit_waiting().
  Awaitable<> finish();

 private:
  enum class Phase {
    kGathering,
    kShowing,  ///< What was gathered until now, while the run goes on: what happens meanwhile is held.
    kPassing,  ///< Nothing is gathered any more.
  };
  struct Held {
    Event event;
    std::string bytes;  // Of an Output.
  };
  struct Target {
    int code = kBehindAllCodes;
    std::array<std::uint64_t, 2> unfinished{};  // Bytes of a line, by stream.
  };

  void on_output(const Event& event, const event::Output& output);
  std::uint64_t& unfinished(std::size_t target, Stream stream) {
    return targets_[target].unfinished[static_cast<std::size_t>(stream)];
  }
  void show_early(WallTime now);
  Awaitable<> show_gathered();
  Awaitable<> show_rest();
  void hold(const Event& event);
  void pass_held();
  void hold_unfinished(WallTime now);
  [[nodiscard]] std::string end_of(const SharedTexts::Place& place, std::uint64_t bytes) const;
  void end_lines();
  [[nodiscard]] SharedTexts::Place shown_text_of(std::size_t target, Stream stream) const;
  [[nodiscard]] std::vector<GatheredGroup> groups(Stream stream, bool with_silent) const;
  Awaitable<> show(Stream stream, std::string_view rule);
  Awaitable<> show_differences(std::string_view rule);
  Awaitable<> show_group(Stream stream, std::string_view rule, const GatheredGroup& group);
  Awaitable<> show_text(Stream stream, const std::vector<std::string_view>& text, const std::string& title);
  Awaitable<> wait_room(Stream stream);
  [[nodiscard]] std::vector<std::string_view> said_by(const SharedTexts::Place& place) const;
  [[nodiscard]] std::string find_rule() const;
  [[nodiscard]] Result<Differ::Text> as_file(const GatheredGroup& group) const;
  static std::size_t text_of(std::size_t target, Stream stream) {
    return target * 2 + static_cast<std::size_t>(stream);
  }

  asio::io_context& io_;
  TextLook look_;
  StandardStreams& streams_;
  Faults& faults_;
  std::optional<Differences> differences_;
  bool bare_alone_;
  std::unique_ptr<EventSink> others_;
  std::vector<std::string> names_;
  std::vector<Target> targets_;
  std::optional<SharedTexts> texts_;  // From the first event on: two for each target.
  std::optional<Event> last_event_;   // Not shown yet.
  Phase phase_ = Phase::kGathering;
  std::deque<Held> held_;
  std::size_t held_bytes_ = 0;
  Condition shown_;  // kShowing is over.
};

}  // namespace stapsh::client
