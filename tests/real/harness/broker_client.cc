// SPDX-License-Identifier: Apache-2.0
#include "broker_client.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "base/overloaded.h"

namespace stapsh::real {
namespace {

constexpr std::uint64_t kWindow = 1 << 20;

nats::Connection connect(const NatsServer& server, const broker::Subjects& subjects, const std::string& client,
                         const std::string& run) {
  nats::Settings settings;
  settings.servers = {server.url()};
  settings.tls = false;
  settings.subscriptions = {subjects.all_up(client, run), subjects.here(client, run) + ".*"};
  settings.retry_min = settings.retry_max = std::chrono::milliseconds(20);
  return *nats::Connection::start(settings);
}

}  // namespace

BrokerClient::BrokerClient(const NatsServer& server, std::string name, std::string host, std::string site)
    : subjects_(site),
      client_(std::move(name)),
      host_(std::move(host)),
      connection_(connect(server, subjects_, client_, run_)) {
  if (!wait_until([this] { return connected_; })) throw HarnessError("no connection to the broker");
}

void BrokerClient::open(std::uint32_t number, std::uint64_t credit) {
  sessions_[number] = {};
  sessions_[number].granted = credit;
  const std::string inbox = connection_.new_inbox();
  opening_[inbox] = number;
  connection_.publish(subjects_.down(name_of(number)), broker::encode(broker::Open{credit}), inbox);
}

void BrokerClient::send_raw(std::uint32_t number, const std::string& bytes) {
  connection_.publish(subjects_.down(name_of(number)), bytes);
}

void BrokerClient::say(std::uint32_t number, const std::string& text) {
  Heard& session = sessions_[number];
  for (std::size_t at = 0; at < text.size(); at += broker::kDataBytesMax) {
    const std::string_view part = std::string_view(text).substr(at, broker::kDataBytesMax);
    send(number, broker::Data{session.sent, part});
    session.sent += part.size();
  }
}

void BrokerClient::send_end(std::uint32_t number) { send(number, broker::End{sessions_[number].sent}); }

void BrokerClient::send_file(std::uint32_t number, std::uint64_t size, const std::string& sha256,
                             std::uint32_t spread_ms) {
  Heard& session = sessions_[number];
  send(number, broker::StoredFile{session.sent, size, spread_ms, sha256});
  session.sent += size;
}

void BrokerClient::ask(const std::string& subject, const std::string& bytes) {
  connection_.publish(subject, bytes, connection_.new_inbox());
}

void BrokerClient::ask_who(const std::string& question) {
  connection_.publish(subjects_.who(client_), question, subjects_.here(client_, run_));
}

testing::AssertionResult BrokerClient::wait_until(const std::function<bool()>& is_so, Bound bound) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (!is_so()) {
    const auto left = std::chrono::ceil<Bound>(deadline - std::chrono::steady_clock::now()).count();
    pollfd entry{connection_.fd(), POLLIN, 0};
    if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left)) == 0) {
      testing::AssertionResult failure = testing::AssertionFailure() << "not within the bound; heard:";
      for (const auto& [number, heard] : sessions_) {
        failure << "\n  " << number << ": " << heard.out.substr(0, 2'000) << (heard.ended ? "<end>" : "")
                << (heard.nobody ? "<nobody>" : "") << (heard.reset ? "<reset: " + *heard.reset + ">" : "");
      }
      return failure;
    }
    for (const nats::Event& event : connection_.take()) take(event);
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult BrokerClient::wait_for_out(std::uint32_t number, const std::string& text) {
  return wait_until([&] { return heard(number).out.find(text) != std::string::npos; });
}

testing::AssertionResult BrokerClient::wait_for_reset(std::uint32_t number) {
  return wait_until([&] { return heard(number).reset.has_value(); });
}

void BrokerClient::take(const nats::Event& event) {
  if (std::holds_alternative<nats::Connected>(event)) connected_ = true;
  if (std::holds_alternative<nats::Disconnected>(event)) connected_ = false;
  if (const auto* message = std::get_if<nats::Message>(&event)) take_message(*message);
}

void BrokerClient::take_message(const nats::Message& message) {
  const auto name = subjects_.session_of_up(message.subject);
  if (!name) {
    const auto opening = opening_.find(message.subject);
    if (opening == opening_.end()) return answers_.push_back(message);
    sessions_[opening->second].nobody = message.status == nats::kNoResponders;
    return;
  }
  Heard& session = sessions_[name->number];
  const Result<broker::Message> said = broker::decode(message.data);
  if (!said) {
    ADD_FAILURE() << "the link said what is no message: " << said.error().what;
    return;
  }
  std::visit(Overloaded{
                 [&](const broker::Data& data) {
                   EXPECT_EQ(data.offset, session.out.size());
                   EXPECT_LE(data.offset + data.bytes.size(), session.granted);
                   session.out += data.bytes;
                   if (!grants_ || session.granted - session.out.size() > kWindow / 2) return;
                   session.granted = session.out.size() + kWindow;
                   send(name->number, broker::Credit{session.granted});
                 },
                 [](const broker::Credit&) {},
                 [&](const broker::WantPiece& want) { session.wanted.push_back(want.offset); },
                 [&](const broker::End& end) {
                   EXPECT_EQ(end.offset, session.out.size());
                   session.ended = true;
                 },
                 [&](const broker::Reset& reset) {
                   if (!session.reset) session.reset = reset.reason;  // What comes behind it is that it is over.
                 },
                 [&](const auto&) { ADD_FAILURE() << "a link may not say that"; },
             },
             *said);
}

}  // namespace stapsh::real
