// SPDX-License-Identifier: Apache-2.0
#include "emulated_host.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>

#include "base/assert.h"
#include "base/overloaded.h"
#include "policy/policy_reader.h"
#include "protocol/version.h"
#include "session/keepalive.h"

namespace stapsh::fleet {
namespace {

constexpr unsigned kWho = 1, kNode = 2;
// What it takes of its clients' bytes at a time. An emulated agent takes them at once.
constexpr std::uint64_t kPoolBytes = std::uint64_t{1} << 20U;
constexpr std::size_t kSessions = 16;
// Where so much waits for the broker, no session says more.
constexpr std::size_t kUnsentBytes = std::size_t{256} << 10U;

broker::WhoAnswer identity_of(std::size_t index) {
  static constexpr std::array kRoles{"web", "db", "cache", "batch"};
  static constexpr std::array kPlaces{"ams", "fra"};
  char name[32];
  (void)std::snprintf(name, sizeof name, "host%05zu", index + 1);
  return {name,
          "x86_64",
          "6.1.0-18-amd64",
          {{"role", kRoles[index % kRoles.size()]}, {"dc", kPlaces[index / 8 % kPlaces.size()]}}};
}

std::mt19937_64& random_numbers() {
  static std::mt19937_64 numbers(1);  // The same run each time.
  return numbers;
}

}  // namespace

AgentSettings emulated_settings(const broker::WhoAnswer& who, const std::string& client) {
  AgentSettings settings;
  settings.identity = {std::string(kSpokenVersion), who.machine, who.release};
  policy::Peer peer;
  peer.name = client;
  static const policy::Policy kPolicy = *policy::parse_policy(kEmulatedPolicy);
  settings.gate = policy::Gate{peer, kPolicy, {}, ~policy::Capabilities{0}};
  return settings;
}

EmulatedHost::EmulatedHost(std::size_t index, const broker::Subjects& subjects, Scenario scenario, FleetCounts& counts)
    : subjects_(subjects),
      scenario_(scenario),
      counts_(counts),
      who_(identity_of(index)),
      pool_(kPoolBytes, kSessions) {}

Result<> EmulatedHost::open(const BrokerAddress& address, const sys::Epoll& epoll, std::uint64_t id) {
  TRY(socket_.open(address, who_.host, epoll, id));
  socket_.say(subscribe_line(subjects_.all_who(), kWho));
  socket_.say(subscribe_line(subjects_.all_down(who_.host), kNode));
  socket_.say(kPingLine);
  return {};
}

Result<> EmulatedHost::on_socket(std::uint32_t events, TimePoint now) {
  if ((events & EPOLLIN) != 0) TRY(socket_.read([&](const WireEvent& event) { on_event(event, now); }));
  send_output(now);
  return socket_.flush();
}

void EmulatedHost::on_connected() {
  if (std::exchange(connected_, true)) return;
  ++counts_.connected;
  pause_ = kPauseMin;
  for (const auto& [name, why] : std::exchange(lost_, {})) say(name, broker::Reset{why});
}

void EmulatedHost::on_event(const WireEvent& event, TimePoint now) {
  std::visit(Overloaded{
                 [&](const Delivery& delivery) {
                   if (delivery.subscription == kWho) return on_question(delivery, now);
                   const auto name = subjects_.session_of_down(delivery.subject);
                   const Result<broker::Message> message = broker::decode(delivery.payload);
                   if (!name) return;
                   if (!message) return say(*name, broker::Reset{message.error().what});
                   on_message(*name, *message, now);
                 },
                 [&](const BrokerPing&) { socket_.say(kPongLine); },
                 [&](const BrokerPong&) { on_connected(); },
                 [&](const BrokerError& error) {
                   std::fprintf(stderr, "%s: %.*s\n", who_.host.c_str(), static_cast<int>(error.text.size()),
                                error.text.data());
                 },
                 [](const BrokerInfo&) {},
             },
             event);
}

void EmulatedHost::on_question(const Delivery& delivery, TimePoint now) {
  const Result<broker::WhoQuestion> question = broker::parse_who_question(delivery.payload);
  if (!question || !question->selector.matches(who_.labels) ||
      !subjects_.client_of_who(delivery.subject, delivery.reply)) {
    return;
  }
  const auto after = std::chrono::milliseconds(random_numbers()() % (question->spread_ms + 1));
  answers_.push_back({now + after, std::string(delivery.reply) + "." + broker::host_token(who_.host)});
}

void EmulatedHost::say(const broker::SessionName& name, const broker::Message& message) {
  ++counts_.published;
  socket_.publish(subjects_.up(name), {}, broker::encode(message));
}

void EmulatedHost::begin(const broker::SessionName& name, const broker::Open& open, TimePoint now) {
  ++counts_.opened;
  auto session = std::make_unique<Session>(
      Session{EmulatedAgent(emulated_settings(who_, name.client), scenario_, now),
              broker::Stream(broker::Stream::Side::kHost, open.credit, broker::Stream::kFirstCredit),
              pool_.open(broker::Stream::kFirstCredit)});
  sessions_.emplace(name, std::move(session));
}

void EmulatedHost::end(Sessions::iterator at) {
  pool_.close(at->second->stream);
  sessions_.erase(at);
}

void EmulatedHost::on_message(const broker::SessionName& name, const broker::Message& message, TimePoint now) {
  const auto at = sessions_.find(name);
  if (at == sessions_.end()) {
    if (const auto* open = std::get_if<broker::Open>(&message)) return begin(name, *open, now);
    if (!std::holds_alternative<broker::Reset>(message)) say(name, broker::Reset{"there is no such session"});
    return;
  }
  Session& session = *at->second;
  const Result<broker::Stream::Arrival> arrival = session.stream.receive(message);
  const bool is_over = !arrival || arrival->file != nullptr;
  if (is_over && !std::holds_alternative<broker::Reset>(message)) {
    say(name, broker::Reset{arrival ? "an emulated host has no files" : arrival.error().what});
  }
  if (is_over) {
    ++counts_.reset;
    session.agent.on_peer_gone(now);
    return end(at);
  }
  if (session.agent.exited()) return;
  if (!arrival->bytes.empty()) {
    session.agent.on_bytes(arrival->bytes, now);
    const auto credit = pool_.use(session.stream, session.share, arrival->bytes.size());
    if (credit) say(name, *credit);
  }
  if (arrival->ended) session.agent.on_end_of_input(now);
}

// As credit and the broker allow.
void EmulatedHost::send_output(TimePoint now) {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto here = at++;
    Session& session = *here->second;
    while (socket_.unsent_bytes() < kUnsentBytes) {
      const std::size_t count = std::min(session.agent.output().size(), session.stream.sendable());
      if (count == 0) break;
      say(here->first, session.stream.send(session.agent.output().substr(0, count)));
      session.agent.on_sent(count, now);
    }
    if (!session.agent.exited()) continue;
    if (!session.stream.has_sent_end()) say(here->first, session.stream.send_end());
    if (!session.stream.has_received_end()) continue;  // Until then a link knows it still.
    ++counts_.ended;
    end(here);
  }
}

void EmulatedHost::disconnect(std::string_view why) {
  if (std::exchange(connected_, false)) --counts_.connected;
  counts_.reset += sessions_.size();
  while (!sessions_.empty()) {
    lost_.emplace_back(sessions_.begin()->first, "this host had lost its broker: " + std::string(why));
    end(sessions_.begin());
  }
  answers_.clear();
  socket_.close();
}

Duration EmulatedHost::next_pause() {
  const Duration most = std::exchange(pause_, std::min(pause_ * 2, kPauseMax));
  return Duration(std::uniform_int_distribution<Duration::rep>(0, most.count())(random_numbers()));
}

Result<> EmulatedHost::on_timer(TimePoint now) {
  for (const auto& [name, session] : sessions_) {
    if (const auto next = session->agent.next_timer(); next && *next <= now) session->agent.on_timer(now);
  }
  std::erase_if(answers_, [&](const Answer& answer) {
    if (answer.at > now) return false;
    ++counts_.answered;
    socket_.publish(answer.reply, {}, broker::format_who(who_));
    return true;
  });
  send_output(now);
  return socket_.flush();
}

std::optional<TimePoint> EmulatedHost::next_timer() const {
  std::optional<TimePoint> next;
  for (const auto& [name, session] : sessions_) next = earlier(next, session->agent.next_timer());
  for (const Answer& answer : answers_) next = earlier(next, answer.at);
  return next;
}

}  // namespace stapsh::fleet
