// SPDX-License-Identifier: Apache-2.0
#include "client/events/event_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "client/events/event_fields.h"
#include "client/events/event_writer.h"

namespace stapsh::client {
namespace {

using Need = EventFields::Need;

constexpr std::uint64_t kCountMax = std::numeric_limits<std::uint64_t>::max();
constexpr int kExitCodeMax = 255, kSignalMax = 127;

// Of what an event may be, in the order of kEventNames.
enum class About { kRun, kTarget, kEither };
constexpr About kAbout[] = {About::kRun,    About::kTarget, About::kTarget, About::kRun, About::kTarget,
                            About::kEither, About::kRun,    About::kTarget, About::kRun};
static_assert(std::size(kAbout) == std::size(kEventNames));

// Of what happened by the client's clock, so that sinks may add and subtract: a century and a half.
constexpr WallTime kTimeMax = std::chrono::seconds(4'600'000'000);

auto complain(std::string what) { return fail(Errc::kUsage, std::move(what)); }

event::RunStarted read_started(EventFields& from) {
  event::RunStarted e;
  e.version = from.text("version");
  e.script = from.text("script");
  e.sha256 = from.text("sha256", Need::kMay);
  e.command = from.text("command", Need::kMay);
  e.call = from.text("call", Need::kMay);
  e.program = from.text("program", Need::kMay);
  from.list("targets", Need::kMust, [&](EventFields& target) {
    e.targets.push_back({target.text("name"), target.text("uri")});
  });
  return e;
}

// One that this version does not know is left out.
void read_runner(EventFields& from, FoundRunners& to) {
  const std::string name = from.text("name");
  const bool denied = from.word("state", kRunnerStateNames);
  const std::string version = from.text("version", Need::kMay);
  FoundRunners read = parse_found_runners(name + ":" + version);
  if (read.empty() || find(to, read.front().kind) != nullptr) return;
  read.front().denied = denied;
  to.push_back(std::move(read.front()));
}

event::Connected read_connected(EventFields& from) {
  event::Connected e;
  e.release = from.text("release");
  e.machine = from.text("machine");
  e.agent = from.text("agent");
  e.clock_offset = from.seconds("clock_offset", Need::kMay);
  e.clock_uncertainty = from.seconds("clock_uncertainty", Need::kMay);
  FoundRunners runners;
  const bool said = from.list("runners", Need::kMay, [&](EventFields& runner) { read_runner(runner, runners); });
  if (said) e.runners = std::move(runners);
  e.has_policy = from.text("policy", Need::kMay) == kPolicyThere;
  if (const std::string word = from.text("environment", Need::kMay); !word.empty()) {
    e.environment = parse_environment(word);
  }
  return e;
}

event::Built read_built(EventFields& from) {
  event::Built e;
  e.release = from.text("release");
  e.machine = from.text("machine");
  e.took = from.seconds("seconds").value_or(Duration::zero());
  return e;
}

event::Note read_note(EventFields& from) {
  event::Note e;
  e.kind = from.word("kind", kNoteNames);
  e.text = from.text("text");
  return e;
}

event::StopAsked read_stop(EventFields& from) {
  event::StopAsked e;
  e.why = from.word("why", kStopNames);
  if (e.why == event::StopAsked::Why::kSignal) e.signal = from.number("signal", 0, kSignalMax, Need::kMay).value_or(0);
  return e;
}

event::Ended read_ended(EventFields& from) {
  event::Ended e;
  e.outcome.kind = from.word("outcome", kOutcomeNames);
  e.outcome.exit_code = from.number("exit_code", 0, kExitCodeMax, Need::kMay);
  e.outcome.signal = from.number("signal", 1, kSignalMax, Need::kMay);
  e.outcome.reason = from.text("reason", Need::kMay);
  e.outcome.kept = from.text("kept", Need::kMay);
  e.outcome.kept_modules = from.text("kept_modules", Need::kMay);
  e.outcome.killed = from.text("killed", Need::kMay);
  e.outcome.remains = from.word("remains", kRemainsNames);
  from.list("left", Need::kMay, [&](EventFields& left) {
    e.outcome.left.push_back({left.text("kind"), left.text("name")});
  });
  e.outcome.has_output = from.truth("has_output");
  e.stdout_bytes = from.number<std::uint64_t>("stdout_bytes", 0, kCountMax).value_or(0);
  e.stderr_bytes = from.number<std::uint64_t>("stderr_bytes", 0, kCountMax).value_or(0);
  return e;
}

WallTime read_time(EventFields& from) {
  const WallTime time = from.seconds("time").value_or(WallTime::zero());
  if (time < WallTime::zero() || time > kTimeMax) {
    from.refuse("time", fmt::format("is not from 0 to {} seconds",
                                    std::chrono::duration_cast<std::chrono::seconds>(kTimeMax).count()));
  }
  return time;
}

}  // namespace

class EventReader::State {
 public:
  Result<std::optional<Event>> read(std::string_view line);

  [[nodiscard]] const std::vector<bool>& ended() const { return ended_; }
  [[nodiscard]] bool run_ended() const { return run_ended_; }

 private:
  Result<std::optional<Event>> read_first(std::string_view name, EventFields& fields);
  Result<std::optional<Event>> take(std::string_view name, EventFields& fields);
  Result<> check_targets(const std::vector<event::RunStarted::Target>& targets) const;
  Event::What read_what(std::size_t index, EventFields& fields);
  event::Output read_output(EventFields& from);

  simdjson::ondemand::parser parser_;
  std::string padded_;   // The line, and what simdjson wants behind it.
  std::string decoded_;  // Of base64.
  std::vector<bool> ended_;
  bool started_ = false, run_ended_ = false;
};

event::Output EventReader::State::read_output(EventFields& from) {
  event::Output e;
  e.stream = from.word("stream", kStreamNames);
  e.time = from.seconds("agent_time", Need::kMay);
  if (const std::optional<std::string_view> text = from.string("text", Need::kMay)) {
    e.bytes = *text;
  } else if (const std::optional<std::string_view> base64 = from.string("base64", Need::kMust)) {
    if (std::optional<std::string> bytes = decode_base64(*base64)) {
      decoded_ = *std::move(bytes);
      e.bytes = decoded_;
    } else {
      from.refuse("base64", "is no base64");
    }
  }
  return e;
}

Result<std::optional<Event>> EventReader::State::read(std::string_view line) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf", kBlanks = " \t\r\n";
  if (!started_) {
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    if (line.starts_with("\xff\xfe") || line.starts_with("\xfe\xff")) {
      return complain("no recording of rstap: it is UTF-16; turn it back with iconv -f UTF-16 -t UTF-8");
    }
  }
  if (line.find_first_not_of(kBlanks) == std::string_view::npos) return std::optional<Event>();
  if (run_ended_) {
    return complain(
        "something follows the end of the run; a recording holds one run: keep each in a file of its own, split it "
        "before each run_started");
  }
  padded_.assign(line);
  padded_.append(simdjson::SIMDJSON_PADDING, ' ');
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  simdjson::error_code error = parser_.iterate(padded_.data(), line.size(), padded_.size()).get(document);
  if (error == simdjson::SUCCESS) error = document.get_object().get(object);
  if (error != simdjson::SUCCESS) {
    return complain(std::string(started_ ? "no JSON object: " : "no recording of rstap: no JSON object: ") +
                    simdjson::error_message(error));
  }
  EventFields fields(object);
  const std::optional<std::string_view> found = fields.string("event", Need::kMust);
  if (!found) return complain((started_ ? "" : "no recording of rstap: ") + fields.problem());
  const std::string name(*found);
  Result<std::optional<Event>> event = started_ ? take(name, fields) : read_first(name, fields);
  if (event && !fields.problem().empty()) return complain(name + ": " + fields.problem());
  return event;
}

Result<std::optional<Event>> EventReader::State::read_first(std::string_view name, EventFields& fields) {
  if (name != kEventNames[0]) {
    return complain("no whole recording of rstap: it does not begin with run_started, but with '" + std::string(name) +
                    "'");
  }
  const std::optional<unsigned> format = fields.number<unsigned>("format", 0, 1'000'000);
  if (!format) return complain("no recording of rstap: " + fields.problem());
  if (*format != kEventFormat) {
    return complain("recorded in format " + std::to_string(*format) + " by rstap " + fields.text("version") +
                    ", and this one reads format " + std::to_string(kEventFormat) +
                    " alone; replay it with the rstap that made it");
  }
  Event event{read_time(fields), std::nullopt, read_started(fields)};
  const auto& targets = std::get<event::RunStarted>(event.what).targets;
  TRY(check_targets(targets));
  ended_.assign(targets.size(), false);
  started_ = true;
  return std::optional(std::move(event));
}

Result<> EventReader::State::check_targets(const std::vector<event::RunStarted::Target>& targets) const {
  std::set<std::string_view> names;
  for (const event::RunStarted::Target& target : targets) {
    if (!names.insert(target.name).second) return complain("two targets are called '" + target.name + "'");
  }
  return {};
}

Result<std::optional<Event>> EventReader::State::take(std::string_view name, EventFields& fields) {
  const auto* known = std::find(std::begin(kEventNames), std::end(kEventNames), name);
  if (known == std::end(kEventNames)) return std::optional<Event>();
  const auto index = static_cast<std::size_t>(known - std::begin(kEventNames));
  if (index == 0) return complain("a second run begins; a recording holds one: keep each in a file of its own");
  Event event;
  event.at = read_time(fields);
  if (kAbout[index] != About::kRun) {
    const Need need = kAbout[index] == About::kTarget ? Need::kMust : Need::kMay;
    event.target = fields.number<std::size_t>("target", 0, std::numeric_limits<std::size_t>::max(), need);
  }
  if (event.target && *event.target >= ended_.size()) {
    return complain("'target' is " + std::to_string(*event.target) + ", and the run has " +
                    std::to_string(ended_.size()) + " targets");
  }
  event.what = read_what(index, fields);
  if (!fields.problem().empty() || fields.is_newer()) return std::optional<Event>();  // Our caller says which.
  if (kAbout[index] == About::kTarget && ended_[*event.target]) {
    return complain(std::string(name) + ": target " + std::to_string(*event.target) + " has ended before");
  }
  if (std::holds_alternative<event::Ended>(event.what)) ended_[*event.target] = true;
  if (std::holds_alternative<event::RunEnded>(event.what)) run_ended_ = true;
  return std::optional(std::move(event));
}

// `index` of kEventNames.
Event::What EventReader::State::read_what(std::size_t index, EventFields& fields) {
  switch (index) {
    case 1:
      return read_connected(fields);
    case 2:
      return event::StateChanged{fields.word("state", kStateNames)};
    case 3:
      return read_built(fields);
    case 4:
      return read_output(fields);
    case 5:
      return read_note(fields);
    case 6:
      return read_stop(fields);
    case 7:
      return read_ended(fields);
    default:
      return event::RunEnded{fields.number("exit_code", 0, kExitCodeMax).value_or(0)};
  }
}

EventReader::EventReader() : state_(std::make_unique<State>()) {}
EventReader::~EventReader() = default;

Result<std::optional<Event>> EventReader::read(std::string_view line) { return state_->read(line); }

std::size_t EventReader::targets() const { return state_->ended().size(); }

bool EventReader::target_ended(std::size_t target) const { return state_->ended().at(target); }

bool EventReader::run_ended() const { return state_->run_ended(); }

}  // namespace stapsh::client
