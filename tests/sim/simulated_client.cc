// SPDX-License-Identifier: Apache-2.0
#include "simulated_client.h"

#include "session/effect_text.h"

namespace stapsh::sim {

void SimulatedClient::start(TimePoint now) {
  session_.on_start_of_transport(now);
  perform(now);
}

void SimulatedClient::read(std::size_t count, TimePoint now) {
  const std::string bytes = in_.read(count);
  last_heard_ = now;
  session_.on_bytes(bytes, now);
  perform(now);
}

void SimulatedClient::send(TimePoint now) {
  unsent_.erase(0, out_.write(unsent_));
  session_.on_send_progress(now);
  if (closed_ && unsent_.empty()) out_.close();
}

void SimulatedClient::answer(TimePoint now) {
  answer_at_.reset();
  if (outcome_ || session_.stopping()) return;
  if (session_.phase() == ClientSession::Phase::kConnected) {
    session_.on_module_ready(plan_.upload, now);
  } else {
    session_.on_start(now);
  }
  perform(now);
}

// As the client's shell does: what was never sent is a reason.
void SimulatedClient::see_end(TransportEnd end, TimePoint now) {
  if (end.reason.empty() && dropped_input_) end.reason = "stopped before all of it was sent";
  session_.on_transport_end(end);
  perform(now);
}

void SimulatedClient::stop(TimePoint now) {
  session_.on_stop(now);
  perform(now);
}

void SimulatedClient::abandon(TimePoint now) {
  session_.on_abandon("given up");
  perform(now);
}

void SimulatedClient::on_timer(TimePoint now) {
  session_.on_timer(now);
  perform(now);
}

std::optional<TimePoint> SimulatedClient::next_timer() const {
  if (outcome_) return std::nullopt;
  std::optional<TimePoint> next = session_.next_timer();
  if (answer_at_ && (!next || *answer_at_ < *next)) next = answer_at_;
  return next;
}

// How many replies the agent owes at most.
void SimulatedClient::count_commands(std::string_view bytes) {
  if (bytes == "quit\n" || bytes == "ping\n") return;
  commands_ += bytes.starts_with("arg ") ? plan_.upload.run_args.size() + 1 : 1;
}

// Here both ends have one clock, so the answer lies between what the client knows.
void SimulatedClient::check_clock(const std::optional<ClockReading>& clock) {
  if (plan_.fault == Plan::Fault::kCorrupt) return;
  if (!plan_.client.force_rfc && clock.has_value() != plan_.client.want_clock) breach = "a clock's answer is missing";
  if (!clock) return;
  const TimePoint agent(std::chrono::duration_cast<Duration>(clock->agent));
  if (agent < clock->asked || agent > clock->answered) breach = "a clock's answer from outside of its round trip";
}

void SimulatedClient::perform(TimePoint now) {
  while (std::optional<ClientEffect> effect = session_.next_effect()) {
    if (outcome_ && breach.empty()) breach = "an effect after Finished: " + effect_text(*effect);
    const auto* line = std::get_if<SendBytes>(&*effect);
    const bool ping = line && line->bytes == "ping\n";
    if (!ping && !std::holds_alternative<Output>(*effect)) append_text(story_, effect_text(*effect));
    std::visit(
        Overloaded{
            [&](const SendBytes& e) {
              if (closed_) breach = "bytes after CloseInput: " + e.bytes;
              count_commands(e.bytes);
              unsent_ += e.bytes;
            },
            [&](const SendFile& e) {
              if (closed_) breach = "a file after CloseInput";
              unsent_ += plan_.contents[e.index];
            },
            [&](const CloseInput&) {
              closed_ = true;
              dropped_input_ = dropped_input_ || !unsent_.empty();
              unsent_.clear();
              out_.close();
            },
            [&](const Output& e) {
              const bool framed = plan_.client.force_rfc == false;
              if (framed && plan_.fault != Plan::Fault::kCorrupt && e.time.has_value() != plan_.client.want_time) {
                breach = "output without its time, or with one that nobody wanted";
              }
              output_[e.stream == Stream::kStdout ? 0 : 1] += e.bytes;
            },
            [&](const Note&) {},
            [&](const Connected& e) {
              check_clock(e.clock);
              if (e.environment.has_value() && !plan_.client.want_environment) breach = "an environment unasked for";
              if (e.runners.has_value() && !plan_.client.want_runners) breach = "runners that nobody asked after";
              answer_at_ = now + plan_.module_after;
            },
            [&](const Ready&) { answer_at_ = now + plan_.start_after; },
            [&](const Started&) {
              if (plan_.rude && !closed_) unsent_ += "dance\n";
            },
            [&](const Working&) {},
            [&](const Finished& e) {
              outcome_ = e.outcome;
              unsent_.clear();
            },
        },
        *effect);
  }
}

}  // namespace stapsh::sim
