// SPDX-License-Identifier: Apache-2.0
#include "link/link.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>
#include <vector>

#include "base/overloaded.h"
#include "base/shown_text.h"
#include "broker/message.h"
#include "link/agents.h"
#include "link/hosted_session.h"
#include "link/log.h"
#include "link/readiness.h"
#include "link/sessions.h"
#include "link/who_answers.h"
#include "nats/connection.h"
#include "sys/clock.h"
#include "sys/descriptor_limit.h"
#include "sys/epoll_set.h"
#include "sys/signal_fd.h"
#include "sys/uname.h"

namespace stapsh::link {
namespace {

// After a signal: what agents take to stop a runner that prints its last maps.
constexpr Duration kStopLimit = std::chrono::seconds(50);
// While the broker has not taken so much yet, agents are not read and nobody is answered who has no session here: a
// client's credit is the client's word alone.
constexpr std::size_t kUnsentBytesMax = std::size_t{1} << 20;
constexpr Duration kUnsentPause = std::chrono::milliseconds(20);
// Each time before agents are read again: neither they nor who asks without an end take all that the broker takes.
constexpr std::size_t kUnaskedAtATime = 256, kWhoAtATime = 64;
constexpr Duration kFinishLimit = std::chrono::seconds(2);

Result<std::string> name_of_machine() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return fail_errno("gethostname", errno);
  if (!broker::is_host(name.data())) {
    return fail(Errc::kUsage,
                "'" + shown_text(name.data()) +
                    "' is this machine's name and none for a host; say host = \"…\" in the configuration");
  }
  return std::string(name.data());
}

nats::Settings settings_of(const Configuration& configuration, const broker::Subjects& subjects) {
  nats::Settings settings;
  settings.servers = configuration.servers;
  settings.tls = configuration.tls;
  settings.ca_file = configuration.ca;
  settings.certificate_file = configuration.certificate;
  settings.key_file = configuration.key;
  settings.nkey_file = configuration.nkey;
  settings.credentials_file = configuration.credentials;
  settings.name = "stapsh-link " + configuration.host;
  settings.inbox_prefix = std::string(broker::kInboxes) + broker::host_token(configuration.host);
  settings.subscriptions = {subjects.all_who(), subjects.all_down(configuration.host)};
  return settings;
}

std::string name_of_broker(const Configuration& configuration) {
  std::string servers;
  for (const std::string& server : configuration.servers) servers += (servers.empty() ? "" : ", ") + server;
  return "the broker (" + servers + ")";
}

class Link {
 public:
  Link(const Configuration& configuration, const broker::Subjects& subjects, nats::Connection connection,
       sys::Epoll epoll)
      : place_(configuration.host + " of " + configuration.site),
        broker_(name_of_broker(configuration)),
        subjects_(subjects),
        connection_(std::move(connection)),
        epoll_(std::move(epoll)),
        who_({configuration.host, sys::kernel_uname().machine, sys::kernel_uname().release, configuration.labels},
             subjects),
        sessions_(configuration, subjects, connection_, epoll_) {}

  Result<int> run(sys::SignalFd& signals) {
    const sys::Watch signals_watch = TRY(epoll_.add(signals.fd(), EPOLLIN, kSignals));
    const sys::Watch connection_watch = TRY(epoll_.add(connection_.fd(), EPOLLIN, kConnection));
    while (!is_done()) {
      std::array<sys::Event, 64> events;
      const std::size_t count = TRY(epoll_.wait(events, next_timer()));
      const TimePoint now = sys::now();
      for (const sys::Event& event : std::span(events).first(count)) {
        if (event.id == kSignals) take_signals(signals, now);
        if (event.id == kConnection) take_events(now);
        if (event.id >= Sessions::kFirstSerial) sessions_.on_socket(event.id, event.events, now);
      }
      sessions_.on_time(now);
      waits_for_broker_ = connection_.unsent() > kUnsentBytesMax;
      if (!waits_for_broker_) answer(now);
      sessions_.watch_all(!waits_for_broker_, now);
    }
    sessions_.leave_agents(sys::now());
    (void)connection_.finish(kFinishLimit);
    return 0;
  }

 private:
  enum Source : std::uint64_t { kSignals, kConnection };

  [[nodiscard]] bool is_done() const { return stop_by_ && (sessions_.has_no_agents() || sys::now() >= *stop_by_); }

  // Of those who have no session here.
  void answer(TimePoint now) {
    sessions_.answer_unasked(kUnaskedAtATime);
    for (std::size_t left = kWhoAtATime; left > 0; --left) {
      std::optional<std::pair<std::string, std::string>> answer = who_.next(now);
      if (!answer) return;
      connection_.publish(std::move(answer->first), std::move(answer->second));
    }
  }

  [[nodiscard]] std::optional<TimePoint> next_answer() const {
    if (waits_for_broker_) return sys::now() + kUnsentPause;
    return sessions_.owes_answers() ? sys::now() : who_.next_timer();
  }

  [[nodiscard]] std::optional<TimePoint> next_timer() const {
    std::optional<TimePoint> first = sessions_.next_timer();
    for (const std::optional<TimePoint>& other : {next_answer(), stop_by_}) {
      if (other && (!first || *other < *first)) first = other;
    }
    return first;
  }

  void take_signals(const sys::SignalFd& signals, TimePoint now) {
    while (const std::optional<sys::SignalInfo> info = signals.read()) {
      if (info->signo == SIGCHLD) {
        sessions_.reap(now);
        continue;
      }
      // The second one: somebody has no patience.
      stop_by_ = stop_by_ ? now : now + kStopLimit;
      sessions_.stop(std::string(broker::kStopping), now);
      who_.forget();
    }
  }

  void take_events(TimePoint now) {
    for (nats::Event& event : connection_.take()) {
      std::visit(Overloaded{
                     [&](const nats::Message& message) { take_message(message, now); },
                     [&](const nats::Connected&) {
                       say(Priority::kInfo, "connected as " + place_);
                       sessions_.on_connected();
                     },
                     [&](const nats::Disconnected& gone) {
                       say(Priority::kWarning, "not connected to " + broker_ + ": " + gone.why + "; trying again");
                       sessions_.on_disconnected(gone.why, now);
                       who_.forget();
                     },
                     [&](nats::Trouble& trouble) {
                       if (trouble.what == last_trouble_) return;
                       say(Priority::kWarning, trouble.what);
                       last_trouble_ = std::move(trouble.what);
                     },
                 },
                 event);
    }
  }

  void take_message(const nats::Message& message, TimePoint now) {
    if (subjects_.is_who(message.subject)) {
      if (!stop_by_) who_.on_question(message.subject, message.data, message.reply, sessions_.random_fraction(), now);
    } else if (const auto session = subjects_.session_of_down(message.subject)) {
      sessions_.on_message(*session, message.data, now);
    } else {
      sessions_.on_answer(message, now);
    }
  }

  const std::string place_, broker_;
  const broker::Subjects subjects_;
  nats::Connection connection_;
  sys::Epoll epoll_;
  WhoAnswers who_;
  Sessions sessions_;
  std::optional<TimePoint> stop_by_;
  bool waits_for_broker_ = false;
  std::string last_trouble_;  // Said once.
};

}  // namespace

Result<> check(Configuration configuration) {
  if (configuration.host.empty()) configuration.host = TRY(name_of_machine());
  return nats::Connection::check(settings_of(configuration, broker::Subjects(configuration.site)));
}

Result<int> serve(Configuration configuration) {
  if (configuration.host.empty()) configuration.host = TRY(name_of_machine());
  TRY(Agents(configuration.stapsh).check());
  (void)sys::raise_descriptor_limit();
  const broker::Subjects subjects(configuration.site);
  // Both before libnats' threads begin, which are to have the same mask.
  const std::string ready_socket = take_ready_socket();
  sys::SignalFd signals = TRY(sys::SignalFd::create({SIGCHLD, SIGHUP, SIGINT, SIGTERM}));
  nats::Connection connection = TRY(nats::Connection::start(settings_of(configuration, subjects)));
  say_ready(ready_socket);
  return Link(configuration, subjects, std::move(connection), TRY(sys::Epoll::create())).run(signals);
}

}  // namespace stapsh::link
