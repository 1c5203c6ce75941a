// SPDX-License-Identifier: Apache-2.0
#include "broker_path.h"

#include <algorithm>

#include "base/assert.h"
#include "session/keepalive.h"

namespace stapsh::sim {
namespace {

// A request that nothing comes back to.
constexpr Duration kOpenTimeout = std::chrono::seconds(30);
constexpr const char* kCutOff = "the connection to the broker was lost";

}  // namespace

BrokerPath::BrokerPath(const BrokerFault& fault, broker::CreditPool& relays, broker::CreditPool& links,
                       Link& from_client, Link& to_client, Link& from_agent, Link& to_agent)
    : fault_(fault),
      relay_(broker::Stream::Side::kClient, relays, from_client, to_client,
             [this](const broker::Message& message) { publish(true, message); }),
      link_(broker::Stream::Side::kHost, links, from_agent, to_agent,
            [this](const broker::Message& message) { publish(false, message); }) {}

void BrokerPath::start(TimePoint now) {
  opened_at_ = now;
  publish(true, broker::Open{relay_.begin(broker::Stream::kFirstCredit)});
  note_cut(now);
}

void BrokerPath::publish(bool to_agent, const broker::Message& message) {
  Way& way = ways_[to_agent];
  const bool is_hit = fault_.to_agent == to_agent && way.published >= fault_.at;
  const bool is_one_of_them = is_hit && way.published < fault_.at + fault_.count;
  ++way.published;
  if (fault_.kind == BrokerFault::Kind::kDisconnected && is_hit && !cut_at_) cut_ = true;
  if (cut_ || (fault_.kind == BrokerFault::Kind::kLost && is_one_of_them)) return;
  if (fault_.kind == BrokerFault::Kind::kSwapped && is_hit && way.published == fault_.at + 1) {
    way.late = broker::encode(message);
    return;
  }
  way.messages.push_back(broker::encode(message));
  if (way.late) way.messages.push_back(*std::exchange(way.late, {}));
  if (fault_.kind == BrokerFault::Kind::kTwice && is_one_of_them) way.messages.push_back(broker::encode(message));
}

std::vector<BrokerPath::Possible> BrokerPath::possible() const {
  std::vector<Possible> found;
  for (const bool is_link : {false, true}) {
    const SimulatedPump& pump = is_link ? link_ : relay_;
    if (pump.can_read()) found.push_back({is_link, Action::kRead});
    if (pump.can_write()) found.push_back({is_link, Action::kWrite});
    if (pump.can_see_hangup()) found.push_back({is_link, Action::kSeeHangup});
    if (!ways_[is_link].messages.empty()) found.push_back({is_link, Action::kHear});
  }
  return found;
}

void BrokerPath::act(TimePoint now, Random& random) {
  const std::vector<Possible> all = possible();
  const auto [is_link, action] = all[random.below(all.size())];
  SimulatedPump& pump = is_link ? link_ : relay_;
  switch (action) {
    case Action::kRead:
      pump.read(random);
      break;
    case Action::kWrite:
      pump.write(random);
      break;
    case Action::kSeeHangup:
      pump.see_hangup();
      break;
    case Action::kHear:
      if (!is_link) opened_at_.reset();
      hear(is_link);
      break;
  }
  note_cut(now);
}

void BrokerPath::hear(bool is_link) {
  SimulatedPump& pump = is_link ? link_ : relay_;
  std::deque<std::string>& messages = ways_[is_link].messages;
  const std::string bytes = std::move(messages.front());
  messages.pop_front();
  const Result<broker::Message> message = broker::decode(bytes);
  STAPSH_ASSERT(message.has_value());
  const auto* open = std::get_if<broker::Open>(&*message);
  if (open != nullptr && !pump.begun()) {
    (void)pump.begin(open->credit);
  } else if (pump.lives()) {
    pump.receive(*message);
  } else if (!std::holds_alternative<broker::Reset>(*message)) {
    publish(!is_link, broker::Reset{"there is no such session"});
  }
}

std::optional<TimePoint> BrokerPath::next_timer() const {
  std::optional<TimePoint> next = earlier(relay_.next_timer(), link_.next_timer());
  if (cut_at_ && !noticed_) next = earlier(next, *cut_at_ + fault_.noticed_after);
  if (noticed_ && !back_) next = earlier(next, *cut_at_ + fault_.noticed_after + fault_.back_after);
  if (opened_at_ && relay_.lives()) next = earlier(next, *opened_at_ + kOpenTimeout);
  return next;
}

void BrokerPath::on_timer(TimePoint now) {
  if (cut_at_ && !noticed_ && now >= *cut_at_ + fault_.noticed_after) {
    noticed_ = true;
    cut_off().end(kCutOff);
  }
  if (noticed_ && !back_ && now >= *cut_at_ + fault_.noticed_after + fault_.back_after) {
    back_ = true;
    cut_ = false;
    publish(!fault_.to_agent, broker::Reset{kCutOff});
  }
  if (opened_at_ && relay_.lives() && now >= *opened_at_ + kOpenTimeout) {
    publish(true, broker::Reset{"no answer"});
    relay_.end("no answer");
  }
  relay_.on_timer(now);
  link_.on_timer(now);
  note_cut(now);
}

std::string BrokerPath::breach() const {
  for (const SimulatedPump* pump : {&relay_, &link_}) {
    if (!pump->breach.empty()) return pump->breach;
  }
  if (!relay_.taken.starts_with(link_.given)) return "the agent got what the client did not send";
  if (!link_.taken.starts_with(relay_.given)) return "the client got what the agent did not send";
  return {};
}

std::string BrokerPath::story() const {
  static constexpr std::string_view kKinds[] = {"none", "lost", "twice", "swapped", "disconnected"};
  const auto end = [](const SimulatedPump& pump) {
    return pump.lives() ? "lives" : !pump.begun() ? "never began" : pump.reason().empty() ? "ended" : pump.reason();
  };
  return "broker: " + std::string(kKinds[static_cast<int>(fault_.kind)]) + " " + std::to_string(fault_.count) + " " +
         (fault_.to_agent ? "to the agent" : "to the client") + " from message " + std::to_string(fault_.at) + "; of " +
         std::to_string(ways_[0].published) + " to the client, " + std::to_string(ways_[1].published) +
         " to the agent; relay: " + end(relay_) + "; link: " + end(link_) + "\n";
}

}  // namespace stapsh::sim
