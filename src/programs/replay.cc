// SPDX-License-Identifier: Apache-2.0
#include "programs/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "base/shown_text.h"
#include "client/output/outputs.h"
#include "client/recording/recording_reader.h"
#include "client/run/event_hub.h"
#include "programs/exit_status.h"

namespace stapsh::client {
namespace {

// Between two looks at who reads what we print.
constexpr std::size_t kPauseBytes = std::size_t{256} << 10, kPauseEvents = 256;

constexpr const char* kShown = "the recording that is shown";

class Replay {
 public:
  Replay(RecordingReader& recording, EventHub& hub) : recording_(recording), hub_(hub) {}

  /// From `first` on. Returns the exit code.
  Awaitable<int> run(Event first);

 private:
  void show(const Event& event);
  [[nodiscard]] bool check_end(WallTime at);
  void end_early(const std::string& reason, std::string warning);
  void finish_cut(const std::optional<Error>& error);

  RecordingReader& recording_;
  EventHub& hub_;
  bool reader_gone_ = false;
  int exit_code_ = kExitFailure;
  WallTime last_at_{};
  struct Said {
    std::uint64_t bytes[2] = {0, 0};
  };
  std::vector<Said> said_;  // By each target.
  std::vector<std::string> names_;
};

Awaitable<int> Replay::run(Event first) {
  hub_.set_on_reader_gone([this] {
    reader_gone_ = true;
    hub_.hurry();  // There will be no room any more.
  });
  for (const auto& target : std::get<event::RunStarted>(first.what).targets) names_.push_back(shown_text(target.name));
  show(first);
  said_.resize(recording_.events().targets());
  std::size_t bytes = 0, events = 0;
  while (!reader_gone_) {
    const Result<std::optional<Event>> event = recording_.next();
    if (!event || !*event) {
      const bool whole = event && recording_.events().run_ended();
      if (!whole) finish_cut(event ? std::nullopt : std::optional(event.error()));
      break;
    }
    if (std::holds_alternative<event::RunEnded>((*event)->what) && !check_end((*event)->at)) continue;
    show(**event);
    const auto* output = std::get_if<event::Output>(&(*event)->what);
    bytes += output != nullptr ? output->bytes.size() : 0;
    if (++events < kPauseEvents && bytes < kPauseBytes) continue;
    events = bytes = 0;
    hub_.on_pause();
    co_await asio::post(asio::use_awaitable);
    if (hub_.full()) co_await hub_.wait_room();
  }
  hub_.on_pause();
  co_return exit_code_;
}

void Replay::show(const Event& event) {
  last_at_ = event.at;
  if (const auto* output = std::get_if<event::Output>(&event.what)) {
    said_[*event.target].bytes[static_cast<std::size_t>(output->stream)] += output->bytes.size();
  }
  if (const auto* ended = std::get_if<event::RunEnded>(&event.what)) exit_code_ = ended->exit_code;
  hub_.on_event(event);
}

// Sinks finish what they hold at an end. So all get one, at the time of what was last known.
void Replay::finish_cut(const std::optional<Error>& error) {
  exit_code_ = kExitFailure;
  std::string text =
      error ? error->what + "; what follows is not shown"
            : fmt::format("{}: cut after line {}; the run's end is not in it", recording_.name(), recording_.lines());
  if (recording_.events().run_ended()) {  // Something follows it: all has been shown.
    hub_.on_event({last_at_, std::nullopt, event::Note{event::Note::Kind::kWarning, std::move(text)}});
    return;
  }
  end_early("the recording was cut before its end", std::move(text));
}

// Each target's end comes before the run's; a file that somebody has cut or written may lack some. Says whether all is
// there; else gives them an end.
bool Replay::check_end(WallTime at) {
  const EventReader& events = recording_.events();
  std::size_t missing = 0, first = 0;
  for (std::size_t target = events.targets(); target-- > 0;) {
    if (events.target_ended(target)) continue;
    ++missing;
    first = target;
  }
  if (missing == 0) return true;
  last_at_ = at;
  const std::string others = missing > 1 ? fmt::format(" and {} more", missing - 1) : "";
  end_early("the recording ends before it did",
            fmt::format("{}: the recording ends before {}{} ended", recording_.name(), names_[first], others));
  return false;
}

void Replay::end_early(const std::string& reason, std::string warning) {
  exit_code_ = kExitFailure;
  for (std::size_t target = 0; target < said_.size(); ++target) {
    if (recording_.events().target_ended(target)) continue;
    const auto& [out, err] = said_[target].bytes;
    Outcome outcome;
    outcome.reason = reason;
    outcome.has_output = out + err > 0;
    hub_.on_event({last_at_, target, event::Ended{std::move(outcome), out, err}});
  }
  hub_.on_event({last_at_, std::nullopt, event::Note{event::Note::Kind::kWarning, std::move(warning)}});
  hub_.on_event({last_at_, std::nullopt, event::RunEnded{kExitFailure}});
}

}  // namespace

Result<int> replay_recording(const ReplayOptions& options) {
  RecordingReader recording = TRY(RecordingReader::open(options.file));
  std::optional<Event> first = TRY(recording.next());
  asio::io_context io{1};
  EventHub hub(io);
  UsedFiles used;
  options.file == "-" ? used.add_open(kShown, STDIN_FILENO) : used.add(kShown, options.file);
  Outputs outputs = TRY(Outputs::create(
      io, options.output, {[&hub] { hub.note_room(); }, [&hub] { hub.note_reader_gone(); }}, std::move(used)));
  TRY(outputs.check_targets(std::get<event::RunStarted>(first->what).targets));
  outputs.show_recorded();
  for (EventSink* sink : outputs.sinks()) hub.add(*sink);
  int code = kExitFailure;
  Replay replay(recording, hub);
  const auto run = [&]() -> Awaitable<> {
    code = co_await replay.run(*std::move(first));
    co_await outputs.drain();
  };
  asio::co_spawn(io, run(), [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  });
  io.run();
  return outputs.exit_code(code);
}

}  // namespace stapsh::client
