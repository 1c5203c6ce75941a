// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/fact_sink.h"

namespace stapsh::client {

void FactSink::on_event(const Event& event) {
  if (const auto* run = std::get_if<event::RunStarted>(&event.what)) {
    for (const auto& target : run->targets) targets_.push_back({target.name, target.uri, event.at, {}, {}, {}});
    return;
  }
  if (const auto* said = std::get_if<event::Note>(&event.what)) return note(event, *said);
  if (!event.target) return;
  TargetFacts& target = targets_.at(*event.target);
  if (const auto* connected = std::get_if<event::Connected>(&event.what)) {
    target.connected = *connected;
    target.connected_at = event.at;
  }
  if (const auto* state = std::get_if<event::StateChanged>(&event.what)) {
    // Once more, or only now.
    if (state->state == TargetState::kConnecting && !target.connected) target.began = event.at;
  }
  if (const auto* ended = std::get_if<event::Ended>(&event.what)) target.outcome = ended->outcome;
}

// What ssh says of a target is in its reason.
void FactSink::note(const Event& event, const event::Note& note) {
  const bool is_told = note.kind == event::Note::Kind::kWarning || note.kind == event::Note::Kind::kForeign;
  if (is_told && !event.target) notes_.push_back(note.text);
}

}  // namespace stapsh::client
