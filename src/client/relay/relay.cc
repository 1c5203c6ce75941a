// SPDX-License-Identifier: Apache-2.0
#include "client/relay/relay.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/overloaded.h"
#include "broker/credit_pool.h"
#include "broker/message.h"
#include "broker/subjects.h"
#include "client/relay/absent_hosts.h"
#include "client/relay/broker_settings.h"
#include "client/relay/control.h"
#include "client/relay/ending_sessions.h"
#include "client/relay/relay_session.h"
#include "client/relay/sent_files.h"
#include "sys/clock.h"
#include "sys/descriptor_limit.h"
#include "sys/epoll_set.h"
#include "sys/packet_socket.h"
#include "sys/pass_descriptor.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;

constexpr int kControlFd = STDIN_FILENO;
constexpr std::uint64_t kControlId = 0, kBrokerId = 1, kSessionId = 2;  // And a session's number.
constexpr Duration kFarewellLimit = 2s;
constexpr unsigned kEndSeconds = 5;
// How fast a file's fetchers begin: more at once, and a broker holds all that they ask for in memory.
constexpr std::size_t kFetchersPerSecond = 500;
// Pieces of files wait while so much has not gone to the broker.
constexpr std::size_t kUnsentBytesMax = std::size_t{1} << 20U;
// What is said to who has no session here is dropped while so much has not: it would hold up others' pieces.
constexpr std::size_t kUnaskedBytesMax = std::size_t{256} << 10U;
constexpr Duration kUnsentPause = 10ms;

// rstap is gone, however that came: whatever we are in the middle of has an end.
extern "C" void end_soon(int) { (void)::alarm(kEndSeconds); }

class Relay {
 public:
  Relay(RelayWords words, nats::Connection connection, sys::Epoll epoll)
      : words_(std::move(words)),
        subjects_(words_.site.name),
        connection_(std::move(connection)),
        epoll_(std::move(epoll)),
        pool_(words_.site.settings.pool, words_.targets),
        files_(connection_, words_.site.name, subjects_.nobody(words_.site.settings.client, words_.run)) {}

  /// Until rstap has ended.
  Result<> run() {
    control_watch_ = TRY(epoll_.add(kControlFd, EPOLLIN, kControlId));
    const sys::Watch broker_watch = TRY(epoll_.add(connection_.fd(), EPOLLIN, kBrokerId));
    Result<> turn;
    while (turn && !rstap_ended_) turn = take_turn();
    // Also where we can't go on: hosts are told.
    for (const auto& [number, session] : sessions_) {
      session->pump().on_socket(EPOLLIN);  // Its end may not have been read yet, and is no reset's.
      reset(session->name, std::string(broker::kFarewell));
    }
    (void)connection_.finish(kFarewellLimit);
    return turn;
  }

 private:
  Result<> take_turn() {
    std::array<sys::Event, 256> events;
    const std::size_t count = TRY(epoll_.wait(events, next_timer()));
    for (const sys::Event& event : std::span(events).first(count)) {
      TRY(on_event(event));
      serve_files();
    }
    files_.store().on_timer(sys::now());
    serve_files();
    // Each first every second time: they share what the broker takes.
    data_is_first_ = !data_is_first_;
    if (data_is_first_) serve_data();
    serve_pieces();
    if (!data_is_first_) serve_data();
    ask_again();
    return {};
  }

  Result<> on_event(const sys::Event& event) {
    if (event.id == kControlId) return on_control(event.events);
    if (event.id == kBrokerId) {
      for (const nats::Event& each : connection_.take()) on_broker(each);
      return {};
    }
    const auto number = static_cast<std::uint32_t>(event.id - kSessionId);
    if (const auto session = sessions_.find(number); session != sessions_.end()) {
      session->second->pump().on_socket(event.events);
      settle(number);
    } else {
      ending_.on_socket(number, event.events);
      watch_control();
    }
    return {};
  }

  // --- rstap

  Result<> on_control(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) ending_.tell();
    watch_control();
    std::array<char, kControlBytesMax> buffer;
    while (true) {
      sys::ReceivedDescriptor got = TRY(sys::receive_descriptor(kControlFd, buffer));
      if (got.io.would_block) return {};
      if (got.io.end) {
        rstap_ended_ = true;
        return {};
      }
      const ControlPacket packet = TRY(decode_control({buffer.data(), got.io.bytes}));
      if (const auto* open = std::get_if<OpenSession>(&packet)) open_session(*open, std::move(got.fd));
      if (const auto* forget = std::get_if<ForgetSession>(&packet)) {
        const broker::SessionName name = name_of(forget->number, forget->host);
        connected_ ? reset(name, "rstap's relay was lost") : (void)forgotten_.emplace_back(name);
      }
    }
  }

  [[nodiscard]] broker::SessionName name_of(std::uint32_t number, const std::string& host) const {
    return {host, words_.site.settings.client, words_.run, number};
  }

  void open_session(const OpenSession& open, sys::UniqueFd socket) {
    const std::uint32_t number = open.number;
    auto made = std::make_unique<RelaySession>(
        name_of(number, open.host), connection_.new_inbox(), std::move(socket), pool_,
        [this](const RelaySession& its, const broker::Message& message) { send(its, message); },
        [this](std::uint32_t its, sys::UniqueFd file) { files_.take(its, std::move(file), sys::now()); });
    RelaySession& session = *made;
    inboxes_[session.inbox] = number;
    sessions_[number] = std::move(made);
    if (!failed_.empty()) return end(number, failed_);
    connected_ ? ask(number) : settle(number);
  }

  [[nodiscard]] std::optional<TimePoint> next_timer() const {
    std::optional<TimePoint> next = files_.store().next_timer();
    const auto note = [&](TimePoint at) { next = std::min(next.value_or(at), at); };
    if (const std::optional<TimePoint> ask_at = absent_.next_timer()) note(*ask_at);
    if (!wanting_.empty()) note(sys::now() + kUnsentPause);
    if (!in_turn_.empty()) note(connection_.unsent() < kUnsentBytesMax ? sys::now() : sys::now() + kUnsentPause);
    return next;
  }

  void ask_again() {
    for (const std::uint32_t number : absent_.take_due(sys::now())) {
      if (connected_) ask(number);
    }
    for (const std::uint32_t number : absent_.take_asked(sys::now())) look_at(number, sys::now());
  }

  // One that has not answered for long: what began the session may have come to a link that was just ending.
  void look_at(std::uint32_t number, TimePoint now) {
    const auto at = sessions_.find(number);
    if (at == sessions_.end() || at->second->has_begun()) return;
    RelaySession& session = *at->second;
    if (session.is_asked() && now - *session.asked_at >= AbsentHosts::kAnswerTime) {
      session.remind();
      session.asked_at = now;
      absent_.note_silent(session.name.host, now);
    }
    absent_.note_asked(number, now);
  }

  void ask(std::uint32_t number) {
    const auto session = sessions_.find(number);
    if (session == sessions_.end() || session->second->has_begun()) return;
    session->second->ask();
    const TimePoint now = sys::now();
    if (!std::exchange(session->second->asked_at, now)) absent_.note_asked(number, now);
    settle(number);
  }

  // As a request: a broker that has nobody for it says so, also in the middle of a session.
  void send(const RelaySession& session, const broker::Message& message) {
    connection_.publish(subjects_.down(session.name), broker::encode(message), session.inbox);
  }

  void reset(const broker::SessionName& name, const std::string& reason) {
    connection_.publish(subjects_.down(name), broker::encode(broker::Reset{reason}));
  }

  /// What its pump wants now; and its end, if it has come.
  void settle(std::uint32_t number) {
    const auto at = sessions_.find(number);
    if (at == sessions_.end()) return;
    RelaySession& session = *at->second;
    if (session.pump().is_over()) return forget(number);
    if (session.pump().hung_up() && !session.has_begun()) {  // rstap waits no longer.
      if (session.is_asked()) reset(session.name, "rstap has given up waiting");
      return forget(number);
    }
    if (session.has_more() && !std::exchange(session.is_in_turn, true)) in_turn_.push_back(number);
    const Result<> watched = session.watch(epoll_, kSessionId + number);
    if (!watched) end(number, watched.error().what);
  }

  std::unique_ptr<RelaySession> forget_session(std::uint32_t number) {
    const auto at = sessions_.find(number);
    std::unique_ptr<RelaySession> session = std::move(at->second);
    sessions_.erase(at);
    inboxes_.erase(session->inbox);
    session->unwatch();
    return session;
  }
  void forget(std::uint32_t number) { (void)forget_session(number); }

  /// Hands on what came before, and says why before the socket closes, so that who sees its end can ask.
  void end(std::uint32_t number, const std::string& reason) {
    if (!sessions_.contains(number)) return;
    std::unique_ptr<RelaySession> session = forget_session(number);
    if (connected_ && session->has_begun()) absent_.note_lost(session->name.host, sys::now());
    ending_.add(number, reason, std::move(session));
    watch_control();
  }

  void end_all(const std::string& reason) {
    while (!sessions_.empty()) end(sessions_.begin()->first, reason);
  }

  void watch_control() { (void)control_watch_.modify(ending_.has_more_to_tell() ? EPOLLIN | EPOLLOUT : EPOLLIN); }

  // --- the broker

  void on_broker(const nats::Event& event) {
    std::visit(Overloaded{[&](const nats::Message& message) { on_message(message); },
                          [&](const nats::Connected&) { on_connected(); },
                          [&](const nats::Disconnected& lost) { on_lost(lost.why); },
                          [&](const nats::Trouble& trouble) { on_trouble(trouble.what); }},
               event);
  }

  [[nodiscard]] std::string broker_name() const {
    return fmt::format("the broker of site {} ({})", words_.site.name, fmt::join(words_.site.settings.servers, ", "));
  }

  void on_connected() {
    connected_ = true;
    if (std::exchange(has_connected_, true)) absent_.note_broker_back(sys::now());
    failed_.clear();
    for (const broker::SessionName& name : std::exchange(forgotten_, {})) reset(name, "rstap's relay was lost");
    for (const broker::SessionName& name : std::exchange(lost_, {}))
      reset(name, "rstap's connection to the broker was lost");
    std::vector<std::uint32_t> numbers;
    for (const auto& [number, session] : sessions_) numbers.push_back(number);
    for (const std::uint32_t number : numbers) ask(number);
  }

  // A broker that was there comes back, and who opens a session waits for it. One that never was is an error.
  void on_lost(const std::string& why) {
    const bool was_connected = std::exchange(connected_, false);
    files_.store().on_lost();
    if (was_connected) {
      for (const auto& [number, session] : sessions_) lost_.push_back(session->name);
      return end_all(fmt::format("{} was lost: {}", broker_name(), why));
    }
    if (has_connected_) return;
    failed_ = fmt::format("no connection to {}: {}", broker_name(), why);
    end_all(failed_);
  }

  // 'Permissions Violation for Publish to "SUBJECT"'.
  void on_trouble(const std::string& what) {
    const std::size_t begin = what.find('"'), end_quote = what.rfind('"');
    if (what.find("ermissions") == std::string::npos || begin == end_quote) return;  // What is lost, offsets tell.
    const std::string subject = what.substr(begin + 1, end_quote - begin - 1);
    if (files_.store().on_refused(subject, sys::now())) return;
    const std::string refused =
        fmt::format("{} does not allow that to client {}: {}", broker_name(), words_.site.settings.client, what);
    const std::optional<broker::SessionName> session = subjects_.session_of_down(subject);
    if (session) return end(session->number, refused);
    failed_ = refused;  // Nobody's answers would come.
    end_all(refused);
  }

  void on_message(const nats::Message& message) {
    if (connection_.is_inbox(message.subject)) return on_inbox(message);
    const std::optional<broker::SessionName> name = subjects_.session_of_up(message.subject);
    if (!name || name->run != words_.run) return;
    const Result<broker::Message> decoded = broker::decode(message.data);
    const auto session = sessions_.find(name->number);
    const bool is_known = session != sessions_.end() && session->second->name.host == name->host;
    const auto* const ended = decoded ? std::get_if<broker::Reset>(&*decoded) : nullptr;
    if (!is_known) {
      // No credit holds a host back that says much to nobody.
      if (ended == nullptr && connection_.unsent() < kUnaskedBytesMax) reset(*name, "no such session");
      return;
    }
    if (ended != nullptr) {
      RelaySession& its = *session->second;
      if (!its.is_asked()) return;  // Of a try that is over.
      // Of one that is just coming back: it may not have heard the first of our words. If it has, it says so again.
      // Nor is one back that is being stopped: it is started again, most likely.
      const bool is_first = !std::exchange(its.was_refused, true);
      const bool may_change = is_first || ended->reason == broker::kStopping;
      if (!its.has_begun() && may_change && absent_.may_return(name->host, sys::now())) return ask_later(its);
      return end(name->number, reason_of(its, ended->reason));
    }
    const Result<> taken = decoded ? session->second->on_message(*decoded) : Result<>(fail(decoded.error()));
    if (!taken) {
      reset(*name, taken.error().what);
      return end(name->number, fmt::format("the session with {} broke off: {}", name->host, taken.error().what));
    }
    if (std::holds_alternative<broker::WantPiece>(*decoded)) wanting_.push_back(name->number);
    settle(name->number);
  }

  void on_inbox(const nats::Message& message) {
    const auto session = inboxes_.find(message.subject);
    if (session == inboxes_.end()) return (void)files_.store().on_message(message, sys::now());
    if (message.status == nats::kNoResponders) on_nobody(session->second);
  }

  static std::string reason_of(const RelaySession& session, const std::string& reason) {
    return fmt::format("stapsh-link of {}: {}", session.name.host,
                       reason.empty() ? "it has ended the session" : reason);
  }

  // For as long as rstap waits.
  void ask_later(RelaySession& session) {
    session.note_absent();
    absent_.ask_later(session.name.number, sys::now());
  }

  void on_nobody(std::uint32_t number) {
    RelaySession& session = *sessions_.at(number);
    if (!session.is_asked()) return;  // It was told of each message.
    if (!session.has_begun() && absent_.may_return(session.name.host, sys::now())) return ask_later(session);
    end(number, session.has_begun()
                    ? fmt::format("{} was lost: its stapsh-link is not connected to {} any more", session.name.host,
                                  broker_name())
                    : fmt::format("{} is not connected to {}: no stapsh-link runs there under that name, or it "
                                  "does not reach the broker",
                                  session.name.host, broker_name()));
  }

  // --- files

  // Not at once: a pump may be in the middle of reading.
  void serve_files() {
    for (auto answers = files_.answers(); !answers.empty(); answers = files_.answers()) {
      for (const SentFiles::Answer& each : answers) serve_file(each);
    }
  }

  void serve_file(const SentFiles::Answer& answer) {
    const auto at = sessions_.find(answer.session);
    if (at == sessions_.end()) return;
    if (!answer.file) {
      reset(at->second->name, answer.file.error().what);
      return end(answer.session, answer.file.error().what);
    }
    const std::size_t spread_ms = words_.targets * 1'000 / kFetchersPerSecond;
    at->second->send_file(**answer.file, answer.is_stored,
                          static_cast<std::uint32_t>(std::min<std::size_t>(spread_ms, broker::kFileSpreadMsMax)));
    settle(answer.session);
  }

  // Of all hosts as many as the broker takes: what they ask for takes no credit, and others' words are not to wait.
  void serve_pieces() {
    for (; !wanting_.empty() && connection_.unsent() < kUnsentBytesMax; wanting_.pop_front()) {
      const auto at = sessions_.find(wanting_.front());
      if (at != sessions_.end()) at->second->send_piece();
    }
  }

  // Each a part: a host's credit is its own word, and what it has credit for is not ours to hold.
  void serve_data() {
    for (std::size_t left = in_turn_.size(); left > 0 && connection_.unsent() < kUnsentBytesMax; --left) {
      const std::uint32_t number = in_turn_.front();
      in_turn_.pop_front();
      const auto at = sessions_.find(number);
      if (at == sessions_.end()) continue;
      at->second->is_in_turn = false;
      at->second->send_more();
      settle(number);
    }
  }

  RelayWords words_;
  broker::Subjects subjects_;
  nats::Connection connection_;
  sys::Epoll epoll_;
  broker::CreditPool pool_;
  SentFiles files_;
  sys::Watch control_watch_;
  std::unordered_map<std::uint32_t, std::unique_ptr<RelaySession>> sessions_;
  std::unordered_map<std::string, std::uint32_t> inboxes_;
  EndingSessions ending_{epoll_, kSessionId, kControlFd};
  std::vector<broker::SessionName> forgotten_, lost_;  // Hosts are to be told of their ends.
  std::string failed_;                                 // Why no session can be opened.
  AbsentHosts absent_;
  std::deque<std::uint32_t> wanting_;  // Sessions whose hosts want a piece of a file,
  std::deque<std::uint32_t> in_turn_;  // and who have more to send.
  bool data_is_first_ = false;
  bool connected_ = false, has_connected_ = false, rstap_ended_ = false;
};

Result<> relay(std::span<const std::string> words) {
  RelayWords parsed = TRY(parse_relay_words(words));
  (void)sys::raise_descriptor_limit();
  sys::Epoll epoll = TRY(sys::Epoll::create());
  std::vector<std::string> subscriptions{
      broker::Subjects(parsed.site.name).all_up(parsed.site.settings.client, parsed.run)};
  nats::Connection connection =
      TRY(nats::Connection::start(broker_settings(parsed.site, "relay", std::move(subscriptions))));
  return Relay(std::move(parsed), std::move(connection), std::move(epoll)).run();
}

}  // namespace

Result<int> run_nats_relay(std::span<const std::string> words) {
  // They are rstap's to act on.
  for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) (void)::signal(signo, SIG_IGN);
  (void)::signal(kRelayDeathSignal, end_soon);
  const Result<> done = relay(words);
  if (!done) (void)sys::send_packet(kControlFd, encode_control(SessionEnded{kAllSessions, done.error().what}));
  ::_exit(done ? EXIT_SUCCESS : EXIT_FAILURE);  // The library's threads may be in the middle of something.
}

}  // namespace stapsh::client
