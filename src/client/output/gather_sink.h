// SPDX-License-Identifier: Apache-2.0
// --gather: what targets said, shown at the end, once for all that said the same. Everything else that happens goes to
// the sink that shows it as usual, and the end of the run as well, behind what was gathered.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/output/gathered_groups.h"
#include "client/output/shared_texts.h"
#include "client/output/standard_streams.h"
#include "client/output/text_look.h"

namespace stapsh::client {

class GatherSink : public EventSink {
 public:
  /// `streams` are lent.
  GatherSink(const TextLook& look, StandardStreams& streams, std::unique_ptr<EventSink> others)
      : look_(look), streams_(streams), others_(std::move(others)) {}

  void on_event(const Event& event) override;
  void on_pause() override { others_->on_pause(); }
  [[nodiscard]] bool full() const override { return others_->full(); }

  /// After the last event: shows what was gathered, as fast as it is read, however long that takes. A signal ends us
  /// meanwhile, as nothing else is going on any more.
  Awaitable<> finish();

 private:
  struct Target {
    int code = 0;
    std::array<char, 2> last{'\n', '\n'};  // Byte, by stream.
  };

  void on_output(std::size_t target, Stream stream, std::string_view bytes);
  void end_line(std::size_t target, Stream stream);
  void say_if_disk_is_full();
  Awaitable<> show(Stream stream);
  Awaitable<> show_text(Stream stream, const GatheredGroup& group, const std::string& title);
  Awaitable<> wait_room(Stream stream);
  static std::size_t text_of(std::size_t target, Stream stream) {
    return target * 2 + static_cast<std::size_t>(stream);
  }

  TextLook look_;
  StandardStreams& streams_;
  std::unique_ptr<EventSink> others_;
  std::vector<std::string> names_;
  std::vector<Target> targets_;
  std::optional<SharedTexts> texts_;  // From the first event on: two for each target.
  std::optional<Event> last_event_;   // Not shown yet.
};

}  // namespace stapsh::client
