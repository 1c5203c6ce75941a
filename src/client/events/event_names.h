// SPDX-License-Identifier: Apache-2.0
// The words that stand for values in an event's JSON, for both ways.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "client/events/event.h"

namespace stapsh::client {

inline constexpr std::string_view kEventNames[] = {"run_started", "connected",  "state", "built",    "output",
                                                   "note",        "stop_asked", "ended", "run_ended"};
static_assert(std::size(kEventNames) == std::variant_size_v<Event::What>);

template <typename Value, std::size_t kSize>
using NameTable = std::array<std::pair<Value, std::string_view>, kSize>;

inline constexpr NameTable<Stream, 2> kStreamNames{{{Stream::kStdout, "stdout"}, {Stream::kStderr, "stderr"}}};

inline constexpr NameTable<TargetState, kTargetStates> kStateNames{{{TargetState::kWaiting, "waiting"},
                                                                    {TargetState::kConnecting, "connecting"},
                                                                    {TargetState::kBuilding, "building"},
                                                                    {TargetState::kSending, "sending"},
                                                                    {TargetState::kReady, "ready"},
                                                                    {TargetState::kRunning, "running"},
                                                                    {TargetState::kStopping, "stopping"},
                                                                    {TargetState::kDone, "done"},
                                                                    {TargetState::kFailed, "failed"}}};

/// Of a target whose owner has one.
inline constexpr std::string_view kPolicyThere = "there";

/// Whether its user may not execute it.
inline constexpr NameTable<bool, 2> kRunnerStateNames{{{false, "there"}, {true, "denied"}}};

inline constexpr NameTable<event::Note::Kind, 5> kNoteNames{{{event::Note::Kind::kDetail, "detail"},
                                                             {event::Note::Kind::kInfo, "info"},
                                                             {event::Note::Kind::kAnswer, "answer"},
                                                             {event::Note::Kind::kWarning, "warning"},
                                                             {event::Note::Kind::kForeign, "foreign"}}};

inline constexpr NameTable<event::StopAsked::Why, 5> kStopNames{{{event::StopAsked::Why::kSignal, "signal"},
                                                                 {event::StopAsked::Why::kDeadline, "deadline"},
                                                                 {event::StopAsked::Why::kReaderGone, "reader_gone"},
                                                                 {event::StopAsked::Why::kTargets, "targets"},
                                                                 {event::StopAsked::Why::kHalt, "halt"}}};

inline constexpr NameTable<Outcome::Kind, 3> kOutcomeNames{
    {{Outcome::Kind::kEnded, "ended"}, {Outcome::Kind::kStopped, "stopped"}, {Outcome::Kind::kFailed, "failed"}}};

inline constexpr NameTable<Outcome::Remains, 4> kRemainsNames{{{Outcome::Remains::kUnknown, "unknown"},
                                                               {Outcome::Remains::kClean, "clean"},
                                                               {Outcome::Remains::kLeft, "left"},
                                                               {Outcome::Remains::kUntouched, "untouched"}}};

/// Every value is in its table: the compiler's switch warnings are replaced by event_json_test.
template <typename Value, std::size_t kSize>
constexpr std::string_view word_for(const NameTable<Value, kSize>& table, Value value) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.first == value; });
  return found == table.end() ? std::string_view("?") : found->second;
}

/// None: a word of a newer version, or of nobody.
template <typename Value, std::size_t kSize>
constexpr std::optional<Value> value_for(const NameTable<Value, kSize>& table, std::string_view word) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.second == word; });
  return found == table.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace stapsh::client
