// SPDX-License-Identifier: Apache-2.0
#include "client/relay/who_there.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/overloaded.h"
#include "base/shown_text.h"
#include "broker/subjects.h"
#include "broker/who.h"
#include "client/relay/broker_settings.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/random_name.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;

// All answer within a part of a second, ten thousand of them too: some of the time is for the broker.
constexpr std::uint32_t kSpreadMs = 200;
constexpr Duration kQuiet = 300ms, kFirstAnswer = 2s, kAnswersLimit = 10s;
constexpr Duration kConnectLimit = 15s;
constexpr std::size_t kRunCharacters = 16;

class WhoThere {
 public:
  /// `reply`: of the question.
  WhoThere(NamedSite site, broker::Selector selector, std::string reply, nats::Connection connection)
      : site_(std::move(site)),
        selector_(std::move(selector)),
        reply_(std::move(reply)),
        connection_(std::move(connection)) {}

  Result<std::set<std::string>> ask() {
    ends_ = sys::deadline_after(kConnectLimit);
    while (!done_ && sys::now() < ends_) {  // However much there is to hear.
      if (!TRY(sys::wait_for(connection_.fd(), POLLIN, ends_))) break;
      for (const nats::Event& event : connection_.take()) {
        TRY(std::visit(Overloaded{[&](const nats::Message& message) { return on_message(message); },
                                  [&](const nats::Connected&) { return on_connected(); },
                                  [&](const nats::Disconnected& lost) { return on_lost(lost.why); },
                                  [&](const nats::Trouble& trouble) { return on_trouble(trouble.what); }},
                       event));
      }
    }
    if (!asked_) return fail(Errc::kTimeout, fmt::format("no connection to the broker ({}) in time", servers()));
    if (!hosts_.empty()) return std::move(hosts_);
    if (nobody_) {
      return fail(Errc::kPeer, fmt::format("nobody is there: no stapsh-link is connected to {} for this site, or this "
                                           "client may not ask them",
                                           servers()));
    }
    if (!selector_.text().empty()) {
      return fail(Errc::kPeer, fmt::format("none of the hosts that are there has such labels: {}", selector_.text()));
    }
    return fail(Errc::kTimeout, "the hosts that are there did not answer in time");
  }

 private:
  [[nodiscard]] std::string servers() const { return fmt::format("{}", fmt::join(site_.settings.servers, ", ")); }

  Result<> on_connected() {
    if (std::exchange(asked_, true)) return {};
    const TimePoint now = sys::now();
    limit_ = now + kAnswersLimit;
    ends_ = now + kFirstAnswer;
    connection_.publish(broker::Subjects(site_.name).who(site_.settings.client),
                        format_who(broker::WhoQuestion{selector_, kSpreadMs}), reply_);
    return {};
  }

  Result<> on_message(const nats::Message& message) {
    if (message.status == nats::kNoResponders && message.subject == reply_) {
      nobody_ = done_ = true;
      return {};
    }
    // Who answers something else is no link, and none answers for another.
    Result<broker::WhoAnswer> answer = broker::parse_who_answer(message.data);
    if (!answer || message.subject != reply_ + "." + broker::host_token(answer->host)) return {};
    hosts_.insert(std::move(answer->host));
    // The first ones may all have drawn a short wait.
    const TimePoint spread_over = limit_ - kAnswersLimit + std::chrono::milliseconds(kSpreadMs) + kQuiet;
    ends_ = std::min(limit_, std::max(spread_over, sys::now() + kQuiet));
    return {};
  }

  Result<> on_lost(const std::string& why) {
    return fail(Errc::kPeer, fmt::format("{} the broker ({}){}: {}", asked_ ? "the connection to" : "no connection to",
                                         servers(), asked_ ? " was lost" : "", why));
  }

  Result<> on_trouble(const std::string& what) {
    if (what.find("ermissions") == std::string::npos) return {};
    return fail(Errc::kPeer,
                fmt::format("the broker refuses to ask who is there for client {}: {}", site_.settings.client, what));
  }

  NamedSite site_;
  broker::Selector selector_;
  std::string reply_;
  nats::Connection connection_;
  std::set<std::string> hosts_;
  TimePoint ends_{}, limit_{};
  bool asked_ = false, nobody_ = false, done_ = false;
};

Result<std::string> who_text(std::span<const std::string> words) {
  WhoWords who = TRY(parse_who_words(words));
  broker::Selector selector = TRY(broker::Selector::parse(who.selector));
  std::string reply =
      broker::Subjects(who.site.name).here(who.site.settings.client, TRY(sys::random_name(kRunCharacters)));
  // At the subject itself the broker says that nobody is there.
  nats::Connection connection =
      TRY(nats::Connection::start(broker_settings(who.site, "asks who is there", {reply, reply + ".*"})));
  WhoThere there(std::move(who.site), std::move(selector), std::move(reply), std::move(connection));
  std::string text;
  for (const std::string& host : TRY(there.ask())) (text += host) += '\n';
  return text;
}

}  // namespace

Result<int> run_nats_who(std::span<const std::string> words) {
  const Result<std::string> text = who_text(words);
  // As it is: rstap puts its own name before it. (Nobody is there to be told that this failed.)
  if (!text) (void)sys::write_all(STDERR_FILENO, shown_text(text.error().what) + "\n", 1s);
  const bool written = text && sys::write_all(STDOUT_FILENO, *text, 10s);
  const int failure = !text && text.error().code == Errc::kUsage ? kWhoUsage : EXIT_FAILURE;
  ::_exit(written ? EXIT_SUCCESS : failure);  // The library's threads may be in the middle of something.
}

}  // namespace stapsh::client
