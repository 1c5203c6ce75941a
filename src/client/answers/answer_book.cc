// SPDX-License-Identifier: Apache-2.0
#include "client/answers/answer_book.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>
#include <vector>

#include "base/overloaded.h"
#include "base/shown_text.h"
#include "client/answers/host_lines.h"
#include "client/answers/map_prints.h"
#include "client/answers/repeated_notes.h"
#include "client/answers/runner_json.h"
#include "client/answers/systemtap_blocks.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kTextBytesMax = 65'536;  // Of one item: small prints of a host are put together.
constexpr std::size_t kShownLineBytes = 60;

}  // namespace

class AnswerBook::State : public MapSink {
 public:
  State(const ProgramMaps& program, std::size_t targets, const AnswerOptions& options, bool is_systemtap)
      : options_(options), is_systemtap_(is_systemtap), hosts_(targets), known_maps_(program.maps().size()) {
    fleet_.hosts.resize(targets);
    for (const ProgramMap& map : program.maps()) maps_.push_back(std::make_unique<MapPrints>(map, fleet_, options_));
  }

  void start(std::size_t target, WallTime now);
  void read(std::size_t target, std::string_view bytes, WallTime now);
  void note_fault(std::size_t target);
  void end(std::size_t target, std::string_view problem, WallTime now);
  void stop(WallTime now);
  void pass_time(WallTime now);
  void end_run(WallTime now);
  void match_keys_loosely();

  std::optional<AnswerItem> next();
  [[nodiscard]] std::optional<WallTime> next_deadline() const;
  [[nodiscard]] std::string_view being_made() const {
    return last_given_ == 0 ? std::string_view() : maps_[last_given_ - 1]->name();
  }
  [[nodiscard]] std::vector<Answer> latest() const;
  [[nodiscard]] bool can_be_asked(std::size_t target) const;
  [[nodiscard]] bool has_printed(std::size_t target) const { return hosts_.at(target).printed; }

  void note_asking(std::size_t target, bool prints);

  // MapSink: what RunnerJson reads goes to the builder.
  MapKind begin(std::string_view map) override;
  void set_keyed(bool keyed) override;
  void add(std::span<const KeyedNumber> numbers) override;
  std::string add(std::string_view key, const Value& value) override;

 private:
  struct Host {
    HostLines lines;         // Of bpftrace,
    SystemtapBlocks blocks;  // or this.
    RepeatedNotes notes;
    bool can_be_asked = false;
    std::optional<bool> prints_asked;  // None: not known.
    bool printed = false;
    std::uint64_t lost_events = 0, lost_events_shown = 0;
    std::uint64_t prints_left_out = 0;  // Of maps that are too many.
  };

  /// What was due before what happens now goes first: a replay has no clock between its events.
  void set_time(WallTime now) {
    now_ = std::max(now_, now);
    give_snapshots();
  }
  void read_line(std::size_t target, std::string_view line);
  void read_systemtap(std::size_t target, const auto& read);
  void take_tapset_print(std::size_t target, const TapsetPrint& print);
  MapPrints* find_map(std::string_view name, MapKind kind_if_new);
  void say(std::size_t target, std::string_view bytes);
  void notice(std::size_t target, std::string text, std::uint64_t lost_events = 0) {
    items_.emplace_back(AnswerNotice{target, std::move(text), lost_events});
  }
  void notice_once(std::size_t target, const std::string& text);
  void leave_out(std::size_t target, std::string_view map);
  void note_attached(std::size_t target, bool counted);
  void count_lost(std::size_t target, std::uint64_t events);
  void close(std::size_t target);
  void give_snapshots();
  [[nodiscard]] std::string why(std::size_t target, std::string_view problem) const;

  AnswerOptions options_;
  bool is_systemtap_;
  bool older_ = false, newer_ = false;  // Which versions of bpftrace take part.
  FleetState fleet_;
  std::vector<Host> hosts_;
  std::size_t known_maps_;
  std::vector<std::unique_ptr<MapPrints>> maps_;  // Those of the program first, in its order.
  WallTime now_{};
  bool finished_ = false;       // What was said last is final.
  std::size_t last_given_ = 0;  // Of how many maps the last values have been given out.
  std::size_t ended_ = 0;
  std::deque<AnswerItem> items_;

  RunnerJson reader_;
  ValuesBuilder builder_;
  MapPrints* printed_ = nullptr;  // Of the line that is being read.
};

void AnswerBook::State::start(std::size_t target, WallTime now) {
  set_time(now);
  HostState& host = fleet_.hosts.at(target);
  if (host.started || host.ended) return;
  host.started = now_;
  ++fleet_.running;
}

void AnswerBook::State::read(std::size_t target, std::string_view bytes, WallTime now) {
  start(target, now);
  if (fleet_.hosts[target].ended) return;
  if (is_systemtap_) {
    read_systemtap(target, [&](SystemtapTaker& taker) { hosts_[target].blocks.on_bytes(bytes, taker); });
    return;
  }
  hosts_[target].lines.read(
      bytes, options_.line_bytes_max, [&](std::string_view line) { read_line(target, line); },
      [&] {
        notice_once(target,
                    "a line of more than " + std::to_string(options_.line_bytes_max) + " bytes was passed over");
      });
  give_snapshots();
}

void AnswerBook::State::read_line(std::size_t target, std::string_view line) {
  printed_ = nullptr;
  const RunnerSaid result = reader_.read(line, *this);
  std::visit(Overloaded{[](const said::Nothing&) {},
                        [&](const said::AttachedProbes& attached) { note_attached(target, attached.counted); },
                        [&](const said::Output& output) { say(target, output.bytes); },
                        [&](const said::Plain& plain) {
                          say(target, plain.line);
                          say(target, "\n");
                        },
                        [&](const said::PrintedMap& printed) {
                          hosts_[target].printed = true;
                          if (printed_ == nullptr) return leave_out(target, printed.map);
                          printed_->on_print(builder_.finish(target, now_), now_);
                          give_snapshots();
                        },
                        [&](const said::LostEvents& lost) { count_lost(target, lost.events); },
                        [&](const said::Complaint& complaint) {
                          std::string text = complaint.type + ": " + shown_text(complaint.text);
                          // errorf and warnf are the program's own words.
                          if (complaint.type == "errorf" || complaint.type == "warnf") {
                            notice(target, std::move(text));
                          } else {
                            notice_once(target, text);
                          }
                        },
                        [&](const said::Unreadable& unreadable) {
                          if (printed_ != nullptr) printed_->on_unreadable(target);
                          const std::string text = "a line could not be read: " + shown_text(unreadable.why, 200);
                          if (hosts_[target].notes.is_new(text)) {
                            notice(target,
                                   text + ": " + shown_text(line.substr(0, 4 * kShownLineBytes), kShownLineBytes));
                          }
                        }},
             result);
}

// Which maps were in it nobody knows.
void AnswerBook::State::note_fault(std::size_t target) {
  hosts_.at(target).lines.pass_over();
  for (const auto& map : maps_) map->on_unreadable(target);
  notice_once(target, "not all that it printed could be read, through a fault of rstap's own");
}

// A histogram that has only a line before it is the only value of a map of that name.
void AnswerBook::State::read_systemtap(std::size_t target, const auto& read) {
  class Taker : public SystemtapTaker {
   public:
    Taker(State& state, std::size_t target) : state_(state), target_(target) {}
    void on_text(std::string_view bytes) override { state_.say(target_, bytes); }
    void on_tapset_print(const TapsetPrint& print) override { state_.take_tapset_print(target_, print); }
    void on_tapset_problem(const std::string& problem) override {
      state_.notice_once(target_, shown_text(problem, 4 * kShownLineBytes));
    }
    void on_histogram(const std::string& name, const SystemtapHistogram& histogram) override {
      state_.printed_ = state_.find_map(shown_text(name), histogram.kind);
      // Too many lines to tell them apart: the n-th of them belongs to the n-th of other hosts.
      if (state_.printed_ == nullptr && !state_.maps_.empty()) state_.printed_ = state_.maps_.back().get();
      if (state_.printed_ == nullptr) return;
      state_.set_keyed(false);
      if (!state_.builder_.add({}, histogram.histogram)) {
        return state_.notice_once(target_, "a histogram was left out: there are too many different buckets");
      }
      state_.printed_->on_print(state_.builder_.finish(target_, state_.now_), state_.now_);
      state_.give_snapshots();
    }

   private:
    State& state_;
    std::size_t target_;
  } taker(*this, target);
  read(taker);
  give_snapshots();
}

void AnswerBook::State::take_tapset_print(std::size_t target, const TapsetPrint& print) {
  const std::string name = shown_text(print.name);
  printed_ = find_map(name, print.kind);
  // What a script prints in two ways is two maps: it can't be put together.
  if (printed_ != nullptr && printed_->kind() != print.kind) {
    printed_ = find_map(name + " (" + std::string(kind_name(print.kind)) + ")", print.kind);
  }
  if (printed_ == nullptr) return leave_out(target, print.name);
  set_keyed(print.keyed);
  bool fits = true;
  for (const auto& [key, value] : print.rows) fits = builder_.add(key, value) && fits;
  if (!fits) return notice_once(target, name + " was left out: there are too many different buckets");
  printed_->on_print(builder_.finish(target, now_), now_);
  give_snapshots();
}

void AnswerBook::State::say(std::size_t target, std::string_view bytes) {
  if (bytes.empty()) return;
  auto* last = items_.empty() ? nullptr : std::get_if<AnswerText>(&items_.back());
  if (last != nullptr && last->target == target && last->bytes.size() + bytes.size() <= kTextBytesMax) {
    last->bytes.append(bytes);
  } else {
    items_.emplace_back(AnswerText{target, std::string(bytes)});
  }
}

void AnswerBook::State::notice_once(std::size_t target, const std::string& text) {
  if (hosts_[target].notes.is_new(text)) notice(target, text);
}

// One complaint for all of them: there is no end to names.
void AnswerBook::State::leave_out(std::size_t target, std::string_view map) {
  if (hosts_[target].prints_left_out++ > 0) return;
  notice(target, "more maps than can be: " + shown_text(map, kShownLineBytes) + " and others are left out");
}

void AnswerBook::State::note_asking(std::size_t target, bool prints) {
  hosts_.at(target).prints_asked = prints;
  if (prints || !options_.live) return;
  notice_once(
      target,
      "this bpftrace (0.22 or later) can't be asked for the maps of this program: --live shows what the program "
      "prints, as in interval:s:1 { print(@name); }");
}

// Before it has attached its probes, the signal may come before its handler is there, and end it.
void AnswerBook::State::note_attached(std::size_t target, bool counted) {
  Host& host = hosts_[target];
  if (counted && !host.prints_asked) note_asking(target, false);
  host.can_be_asked = host.prints_asked.value_or(true);
  // 0.24 and later leave blanks out of keys; where older ones take part, keys are matched without them.
  (counted ? newer_ : older_) = true;
  if (newer_ && older_ && options_.keys == KeyMatching::kExact) match_keys_loosely();
}

bool AnswerBook::State::can_be_asked(std::size_t target) const {
  return hosts_.at(target).can_be_asked && fleet_.hosts[target].running();
}

std::vector<Answer> AnswerBook::State::latest() const {
  std::vector<Answer> answers;
  for (const auto& map : maps_) {
    if (std::optional<Answer> answer = map->last_values(now_)) answers.push_back(*std::move(answer));
  }
  return answers;
}

// The first loss at once, all of them at the end: a host that loses some loses many.
void AnswerBook::State::count_lost(std::size_t target, std::uint64_t events) {
  Host& host = hosts_[target];
  host.lost_events = add_counts(host.lost_events, events);
  if (host.lost_events_shown > 0 || events == 0) return;
  host.lost_events_shown = host.lost_events;
  notice(target, "lost " + std::to_string(events) + " events", events);
}

std::string AnswerBook::State::why(std::size_t target, std::string_view problem) const {
  std::string text(problem);
  const std::optional<WallTime>& started = fleet_.hosts[target].started;
  if (started) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now_ - *started).count();
    text += ", " + std::to_string(seconds) + " s after the start";
  }
  return text;
}

void AnswerBook::State::end(std::size_t target, std::string_view problem, WallTime now) {
  set_time(now);
  HostState& host = fleet_.hosts.at(target);
  if (host.ended) return;
  close(target);
  if (host.started) --fleet_.running;
  host.ended = true;
  host.ended_well = problem.empty();
  if (!host.ended_well) host.why = why(target, problem);
  for (const auto& map : maps_) map->on_ended(target, now_);
  give_snapshots();
  finished_ = finished_ || ++ended_ == hosts_.size();
}

// Its last line may have no end, and what was counted is said.
void AnswerBook::State::close(std::size_t target) {
  Host& host = hosts_[target];
  if (is_systemtap_) read_systemtap(target, [&](SystemtapTaker& taker) { host.blocks.on_end(taker); });
  const std::string rest = host.lines.take_rest();
  if (!rest.empty()) read_line(target, rest);
  for (std::string& count : host.notes.take_counts()) notice(target, std::move(count));
  if (host.prints_left_out > 1) {
    notice(target, "maps that are more than can be were printed " + std::to_string(host.prints_left_out) + " times");
  }
  if (host.lost_events > host.lost_events_shown) {
    notice(target, "lost " + std::to_string(host.lost_events) + " events in all",
           host.lost_events - host.lost_events_shown);
  }
}

void AnswerBook::State::stop(WallTime now) {
  set_time(now);
  if (std::exchange(fleet_.stopping, true)) return;
  for (const auto& map : maps_) map->on_stop();
  give_snapshots();
}

void AnswerBook::State::pass_time(WallTime now) { set_time(now); }

void AnswerBook::State::give_snapshots() {
  for (const auto& map : maps_) {
    while (std::optional<Answer> snapshot = map->next_snapshot(now_)) items_.emplace_back(*std::move(snapshot));
  }
}

void AnswerBook::State::end_run(WallTime now) {
  finished_ = true;  // Whatever comes of the rest.
  stop(now);
  for (std::size_t target = 0; target < hosts_.size(); ++target) {
    if (!fleet_.hosts[target].ended) close(target);
  }
}

void AnswerBook::State::match_keys_loosely() {
  options_.keys = KeyMatching::kLoose;
  for (const auto& map : maps_) map->match_keys_loosely();
}

std::optional<AnswerItem> AnswerBook::State::next() {
  if (!items_.empty()) {
    std::optional<AnswerItem> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }
  // Made when they are asked for, each by itself: they may be large, and where there is no memory for one of them there
  // may be for the next.
  while (finished_ && last_given_ < maps_.size()) {
    if (std::optional<Answer> answer = maps_[last_given_++]->last_values(now_)) return *std::move(answer);
  }
  return std::nullopt;
}

std::optional<WallTime> AnswerBook::State::next_deadline() const {
  std::optional<WallTime> first;
  for (const auto& map : maps_) {
    const std::optional<WallTime> deadline = map->next_deadline();
    if (deadline && (!first || *deadline < *first)) first = deadline;
  }
  return first;
}

// None: there are too many that the program does not name.
MapPrints* AnswerBook::State::find_map(std::string_view name, MapKind kind_if_new) {
  const auto found = std::find_if(maps_.begin(), maps_.end(), [&](const auto& one) { return one->name() == name; });
  if (found != maps_.end()) return found->get();
  if (maps_.size() >= known_maps_ + options_.unknown_maps_max) return nullptr;
  const ProgramMap unknown{std::string(name), kind_if_new, false, false};
  return maps_.emplace_back(std::make_unique<MapPrints>(unknown, fleet_, options_)).get();
}

MapKind AnswerBook::State::begin(std::string_view map) {
  printed_ = find_map(map, MapKind::kOther);
  return printed_ == nullptr ? MapKind::kOther : printed_->kind();
}

void AnswerBook::State::set_keyed(bool keyed) {
  if (printed_ == nullptr) return;
  std::size_t others = 0;
  for (const auto& map : maps_) others += map.get() == printed_ ? 0 : map->keys();
  const std::size_t left = options_.keys_max - std::min(options_.keys_max, others);
  printed_->begin(builder_, keyed, std::min(options_.keys_per_map_max, left));
}

void AnswerBook::State::add(std::span<const KeyedNumber> numbers) {
  if (printed_ != nullptr) builder_.add(numbers);
}

std::string AnswerBook::State::add(std::string_view key, const Value& value) {
  if (printed_ == nullptr) return {};
  return builder_.add(key, value) ? std::string() : "too many different buckets";
}

AnswerBook::AnswerBook(const ProgramMaps& program, std::size_t targets, const AnswerOptions& options)
    : state_(std::make_unique<State>(program, targets, options, false)) {}
AnswerBook::AnswerBook(Systemtap, std::size_t targets, const AnswerOptions& options)
    : state_(std::make_unique<State>(ProgramMaps(), targets, options, true)) {}
AnswerBook::~AnswerBook() = default;

void AnswerBook::on_started(std::size_t target, WallTime now) { state_->start(target, now); }
void AnswerBook::on_asking_known(std::size_t target, bool prints) { state_->note_asking(target, prints); }
void AnswerBook::on_output(std::size_t target, std::string_view bytes, WallTime now) {
  state_->read(target, bytes, now);
}
void AnswerBook::on_fault(std::size_t target) { state_->note_fault(target); }
void AnswerBook::on_ended(std::size_t target, std::string_view problem, WallTime now) {
  state_->end(target, problem, now);
}
void AnswerBook::on_stop(WallTime now) { state_->stop(now); }
void AnswerBook::on_time(WallTime now) { state_->pass_time(now); }
void AnswerBook::on_run_ended(WallTime now) { state_->end_run(now); }
void AnswerBook::match_keys_loosely() { state_->match_keys_loosely(); }
std::optional<AnswerItem> AnswerBook::next() { return state_->next(); }
std::string_view AnswerBook::being_made() const { return state_->being_made(); }
std::vector<Answer> AnswerBook::latest() const { return state_->latest(); }
bool AnswerBook::can_be_asked(std::size_t target) const { return state_->can_be_asked(target); }
bool AnswerBook::has_printed(std::size_t target) const { return state_->has_printed(target); }
std::optional<WallTime> AnswerBook::next_deadline() const { return state_->next_deadline(); }

}  // namespace stapsh::client
